using AgentGrid.Core;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Invocations;

/// <summary>What came of calling an agent. One that was cancelled has none.</summary>
public abstract record AttemptOutcome
{
    private AttemptOutcome()
    {
    }

    /// <summary>How many tokens the agent says it has used; null when it does not.</summary>
    public long? Tokens { get; init; }

    /// <summary>The agent answered with something that can be kept.</summary>
    public sealed record Output(Json Value) : AttemptOutcome;

    /// <summary>The agent failed, or answered with something that cannot be kept.</summary>
    public sealed record Error(RunError Reason) : AttemptOutcome;
}
