using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Driving;

/// <summary>What the end of an attempt says of its agent.</summary>
public static class AttemptVerdict
{
    /// <returns>
    /// Null for an event that says nothing of an agent: also where the agent says that trying again cannot help, for then it is the
    /// input that is wrong; and where a run of another plan has done the work.
    /// </returns>
    public static (string Agent, string Step, int Attempt, bool HasFailed)? Of(RunEvent e) => OfAny(e) is { } verdict && !PlanCalls.Is(verdict.Agent) ? verdict : null;

    private static (string Agent, string Step, int Attempt, bool HasFailed)? OfAny(RunEvent e) => e switch
    {
        RunEvent.AttemptSucceeded x => (x.Agent, x.Step, x.Attempt, false),
        RunEvent.AttemptFailed { Error: { Kind: ErrorKind.Timeout or ErrorKind.Lost } or { Kind: ErrorKind.Error, Retryable: true } } x => (x.Agent, x.Step, x.Attempt, true),
        _ => null,
    };
}
