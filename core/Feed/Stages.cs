using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Feed;

/// <summary>The names that events have in feeds: steps and runs end in states, agents in what they did.</summary>
public static class Stages
{
    public const string Accepted = "orchestration:accepted";
    public const string Due = "orchestration:due";
    public const string Started = "orchestration:started";
    public const string Resumed = "orchestration:resumed";
    public const string Retried = "orchestration:retried";
    public const string Skipped = "skipped";
    public const string Completed = "completed";
    public const string Error = "error";
    public const string Cancelled = "cancelled";
    public const string WebhookDelivered = "webhook:delivered";
    public const string WebhookFailed = "webhook:failed";

    /// <summary>In the place of events whose record is damaged; no event of a run.</summary>
    public const string Damaged = "damaged";

    /// <summary>
    /// Tells a reader that the number which it has seen last is none of these data, and where it is read on; no event
    /// of a run, and none that is kept.
    /// </summary>
    public const string Reset = "feed:reset";

    public static string Of(RunEvent e) => e switch
    {
        RunEvent.RunAccepted => Accepted,
        RunEvent.RunDue => Due,
        RunEvent.RunStarted => Started,
        RunEvent.RunResumed => Resumed,
        RunEvent.StepFannedOut x => x.Mode == StepMode.Race ? $"{x.Step}:speculative_start" : $"{x.Step}:fan_out",
        RunEvent.AttemptQueued x => $"{x.Agent}:queued",
        RunEvent.AttemptStarted x => $"{x.Agent}:start",
        RunEvent.AttemptProgressed x => $"{x.Agent}:progress",
        RunEvent.AttemptSucceeded x => $"{x.Agent}:succeeded",
        RunEvent.AttemptFailed x => x.Error.Kind == ErrorKind.Timeout ? $"{x.Agent}:timeout" : $"{x.Agent}:error",
        RunEvent.AttemptLost x => $"{x.Agent}:lost",
        RunEvent.AttemptCancelled x => $"{x.Agent}:cancelled",
        RunEvent.StepWaiting x => $"{x.Step}:waiting",
        RunEvent.SignalReceived x => $"{x.Signal}:received",
        RunEvent.StepCompleted x => $"{x.Step}:done",
        RunEvent.StepFailed x => $"{x.Step}:failed",
        RunEvent.StepSkipped x => $"{x.Step}:skipped",
        RunEvent.SubmissionSkipped => Skipped,
        RunEvent.RunCompleted => Completed,
        RunEvent.RunFailed => Error,
        RunEvent.RunCancelled => Cancelled,
        RunEvent.RunRetried => Retried,
        RunEvent.WebhookDelivered => WebhookDelivered,
        RunEvent.WebhookFailed => WebhookFailed,
        _ => throw new ArgumentOutOfRangeException(nameof(e), e.GetType(), "unknown event"),
    };
}
