using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Driving;

/// <summary>
/// What a driver has in hand for an attempt that has not ended: the slot that it waits for, then the slot, then the call
/// of its agent.
/// </summary>
public sealed class OpenAttempt
{
    // So many attempts of a run wait for slots among those of the caller's other runs.
    private const int InCommon = 64;

    internal OpenAttempt(RunDriver driver, RunState run, StepState step, AttemptState attempt, int others)
    {
        (Driver, Run, Step, State) = (driver, run, step, attempt);
        Flow = others < InCommon ? null : driver.Id.Value;
    }

    /// <summary>Whose it is.</summary>
    public RunDriver Driver { get; }

    /// <summary>The run; to be looked at in a turn of its driver alone.</summary>
    public RunState Run { get; }

    /// <inheritdoc cref="Run"/>
    public StepState Step { get; }

    /// <inheritdoc cref="Run"/>
    public AttemptState State { get; }

    /// <summary>What it counts for in the budget of its step; null where there is none.</summary>
    public HedgedStep? Hedged => HedgeDelays.StepOf(Run, Step, State);

    /// <summary>
    /// In which line of its caller's attempts it waits. Null for the one of all runs, in order of their deadlines; a run
    /// that has dozens of attempts open waits with what it has beyond in a line of its own, and lines take turns: it
    /// leaves slots to the caller's other runs, however many items it has.
    /// </summary>
    public string? Flow { get; }

    /// <summary>
    /// Higher goes first among the attempts of its run: as the steps of its plan took before, or else by the longest path of
    /// timeouts that it holds up.
    /// </summary>
    public double Rank => Driver.UrgencyOf(Step.Index)?.Rank ?? Run.Plan.LongestPaths[Step.Index];

    /// <summary>The labels of nodes that come first, as the step prefers them; null for none.</summary>
    public LabelPreference? Prefer => LabelPreference.Of(Step.Step, Run.Root);

    /// <summary>The slot that was asked for; null when one was free at once.</summary>
    internal IPendingSlot? Pending { get; set; }

    /// <summary>What came of that, which the driver may not have heard yet.</summary>
    internal IHeldSlot? Granted { get; private set; }

    /// <summary>The slot, and what the agent is to be asked: until it is. No slot where a run of its own does the work.</summary>
    internal (IHeldSlot? Slot, AttemptInput Input)? Prepared { get; set; }

    /// <summary>The call of its agent; null before that, and where it is known to be lost.</summary>
    internal IPendingCall? Call { get; set; }

    /// <summary>A run of its own does the work, and no agent.</summary>
    internal bool IsChild => Step.Step.Plan is not null;

    /// <summary>Its agent was asked before the run was taken up anew.</summary>
    internal bool IsJoined { get; init; }

    /// <summary>The slot that was asked for is there.</summary>
    public void Grant(IHeldSlot slot)
    {
        Granted = slot;
        Driver.Post(new RunInput.GrantSlot(Step.Id, State.Number, slot.Node, slot.Choice), this);
    }

    /// <summary>Somebody wants to know what became of its agent when it is told to stop.</summary>
    public bool WantsReceipt => Step.Step.Hedge is not null;

    /// <summary>It is a backup, and gets no slot: the budget of its step has nothing left.</summary>
    public void HearOfRefusal(string reason) => Driver.Post(new RunInput.RefuseHedge(Step.Id, State.Number, reason), this);

    /// <summary>The agent whose slot was asked for takes no attempts for now; the request goes on waiting.</summary>
    public void HearOfDrain() => Driver.Post(new RunInput.PassOnAttempt(Step.Id, State.Number), this);

    /// <summary>The agent whose slot was asked for is no longer there.</summary>
    public void FailForWantOfAgent() => Driver.Post(new RunInput.FailAttempt(Step.Id, State.Number, new RunError(
        ErrorKind.Routing, ErrorCodes.NoAgent,
        $"The agent of attempt {State.Number} of step '{Step.Id}' of run '{Driver.Key}' was removed or disabled while " +
        "the attempt waited for a slot.", Retryable: false)), this);
}
