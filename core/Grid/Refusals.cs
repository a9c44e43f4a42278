using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Grid;

/// <summary>Why a run cannot be cancelled or retried, in the same words from every engine.</summary>
public static class Refusals
{
    /// <summary>The run has ended otherwise.</summary>
    public static CommandResult.Refused NotCancellable(RunSummary run) => new(
        run, CommandCodes.NotCancellable,
        $"Run '{run.MatchId}/{run.Round}' is {run.Status.ToString().ToLowerInvariant()}, so it cannot be cancelled.");

    /// <summary>The run goes on, or is completed and no step was named.</summary>
    public static CommandResult.Refused NotRetryable(RunSummary run) => new(
        run, CommandCodes.NotRetryable,
        $"Run '{run.MatchId}/{run.Round}' is {run.Status.ToString().ToLowerInvariant()}; only failed and cancelled runs " +
        "can be retried, and any ended run from a step.");

    /// <summary>Another run has its key.</summary>
    public static CommandResult.Refused NotRetryable(RunSummary run, RunId supersededBy) => new(
        run, CommandCodes.NotRetryable,
        $"Run {run.RunId} of '{run.MatchId}/{run.Round}' is superseded by run {supersededBy}, which has its key: it cannot be retried. Post its " +
        "input again with on_conflict: supersede to have it in that one's place.");

    /// <summary>The run was the work of an attempt, which has ended: nobody waits for it.</summary>
    public static CommandResult.Refused NotRetryable(RunSummary run, ParentRun parent) => new(
        run, CommandCodes.NotRetryable,
        $"Run '{run.MatchId}/{run.Round}' was started by step '{parent.Step}' of run {parent.Run}, which no longer waits for it: retry that " +
        "run, and it starts a new one.");

    /// <summary>A signal that is not taken.</summary>
    public static CommandResult.Refused OfSignal(RunSummary run, SignalVerdict verdict) => new(
        run, verdict.Outcome switch
        {
            SignalOutcome.Unknown => CommandCodes.UnknownSignal,
            SignalOutcome.Ended => CommandCodes.NotSignalable,
            SignalOutcome.BadData => CommandCodes.BadSignal,
            SignalOutcome.NotAllowed => CommandCodes.NotYours,
            SignalOutcome.TooMany => CommandCodes.SignalThere,
            SignalOutcome.TooEarly => CommandCodes.TooEarly,
            SignalOutcome.KeyTaken => CommandCodes.SignalKeyTaken,
            _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict.Outcome, "no refusal"),
        },
        verdict.Message);

    /// <summary>The run has no such step.</summary>
    public static CommandResult.Refused UnknownStep(RunSummary run, Plan plan, string step) => new(
        run, CommandCodes.UnknownStep,
        $"Run '{run.MatchId}/{run.Round}' has no step '{Names.Shorten(step)}'" +
        (Names.Nearest(step, plan.Steps.Select(s => s.Id)) is { } near ? $", did you mean '{near}'?" : "."));
}
