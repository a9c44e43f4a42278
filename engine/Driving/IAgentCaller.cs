using System.Diagnostics;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Telemetry;

namespace AgentGrid.Engine.Driving;

/// <summary>
/// Calls agents. What comes of a call is posted to its driver as <see cref="RunInput.CompleteAttempt"/>,
/// <see cref="RunInput.FailAttempt"/> or <see cref="RunInput.LoseAttempt"/>; of one that was cancelled nothing need come.
/// </summary>
public interface IAgentCaller
{
    /// <summary>Asks an agent. The slot is the call's from now on, and given back by it.</summary>
    IPendingCall Begin(AgentCallRequest request);

    /// <summary>
    /// Waits for an agent that was asked before the run was taken up anew; null when it is known to be lost, and the
    /// driver has been told so.
    /// </summary>
    IPendingCall? Join(OpenAttempt attempt);

    /// <summary>Nobody waits for the result any more. Harmless when it is there already.</summary>
    /// <param name="inFavourOf">The span of the attempt that won instead, if one did.</param>
    void Cancel(IPendingCall call, ActivityContext inFavourOf);

    /// <summary>The run is taken up anew from its journal, and will join the call or ask again.</summary>
    void Forget(IPendingCall call);
}

/// <summary>A call of an agent that has begun.</summary>
public interface IPendingCall
{
    /// <summary>The attempt's span; null when the run is not traced.</summary>
    Activity? Span { get; }
}

/// <summary>What an agent is asked.</summary>
/// <param name="Attempt">To be looked at before the call returns.</param>
/// <param name="Input">Captured when the attempt was started.</param>
/// <param name="Slot">Where it runs.</param>
/// <param name="Trace">The spans of the run; null when it is not traced.</param>
public readonly record struct AgentCallRequest(
    OpenAttempt Attempt, AttemptInput Input, IHeldSlot Slot, RunTrace? Trace);
