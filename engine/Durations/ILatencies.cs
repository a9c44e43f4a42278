using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Durations;

/// <summary>How long agents take, for those who decide by it when one is slow.</summary>
public interface ILatencies
{
    /// <summary>An attempt of the agent that starts on a node now finds it ready: nothing has to be loaded or started first.</summary>
    bool IsWarm(string agent, string node);

    /// <summary>How long most warm attempts of an agent take: those in a step of a plan, or else, where these are few, all.</summary>
    /// <param name="percent">How many of a hundred take no longer.</param>
    /// <param name="least">With fewer attempts nothing is said.</param>
    Latency Of(RunState run, StepState step, string agent, int percent, int least);
}

/// <param name="Time">Null where too few were seen.</param>
/// <param name="Count">How many were seen.</param>
public readonly record struct Latency(TimeSpan? Time, long Count);
