using System.Collections.Concurrent;
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
    public const string Superseded = "orchestration:superseded";
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
        RunEvent.StepFannedOut x => StageNames.Of(x.Step, x.Mode == StepMode.Race ? ":speculative_start" : ":fan_out"),
        RunEvent.AttemptQueued x => StageNames.Of(x.Agent, ":queued"),
        RunEvent.AttemptStarted x => StageNames.Of(x.Agent, ":start"),
        RunEvent.AttemptProgressed x => StageNames.Of(x.Agent, ":progress"),
        RunEvent.AttemptSucceeded x => StageNames.Of(x.Agent, ":succeeded"),
        RunEvent.AttemptFailed x => StageNames.Of(x.Agent, x.Error.Kind == ErrorKind.Timeout ? ":timeout" : ":error"),
        RunEvent.AttemptLost x => StageNames.Of(x.Agent, ":lost"),
        RunEvent.AttemptCancelled x => StageNames.Of(x.Agent, ":cancelled"),
        RunEvent.AttemptStopped x => StageNames.Of(x.Agent, x.Stop.HasStopped ? ":stopped" : ":did_not_stop"),
        RunEvent.StepWaiting x => StageNames.Of(x.Step, ":waiting"),
        RunEvent.StepReminded x => StageNames.Of(x.Step, ":reminder"),
        RunEvent.SignalReceived x => StageNames.Of(x.Signal, ":received"),
        RunEvent.StepCompleted x => StageNames.Of(x.Step, ":done"),
        RunEvent.StepFailed x => StageNames.Of(x.Step, ":failed"),
        RunEvent.StepSkipped x => StageNames.Of(x.Step, ":skipped"),
        RunEvent.SubmissionSkipped => Skipped,
        RunEvent.RunSuperseded => Superseded,
        RunEvent.RunCompleted => Completed,
        RunEvent.RunFailed => Error,
        RunEvent.RunCancelled => Cancelled,
        RunEvent.RunRetried => Retried,
        RunEvent.WebhookDelivered => WebhookDelivered,
        RunEvent.WebhookFailed => WebhookFailed,
        _ => throw new ArgumentOutOfRangeException(nameof(e), e.GetType(), "unknown event"),
    };
}

/// <summary>Two texts as one, kept for the next time: a grid has few agents and steps, and each run has events of all of them.</summary>
internal static class StageNames
{
    private const int Most = 4_096;

    private static readonly ConcurrentDictionary<(string Who, string What), string> s_names = new();

    public static string Of(string who, string what)
    {
        if (s_names.TryGetValue((who, what), out var known))
        {
            return known;
        }
        var name = who + what;
        if (s_names.Count < Most)
        {
            s_names.TryAdd((who, what), name);
        }
        return name;
    }
}
