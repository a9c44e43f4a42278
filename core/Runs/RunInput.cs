using AgentGrid.Core.Placement;

namespace AgentGrid.Core.Runs;

/// <summary>What an engine tells the run machine. Whatever comes late or twice changes nothing.</summary>
public abstract record RunInput
{
    private RunInput()
    {
    }

    /// <summary>It is the run's turn. Nothing for one that is scheduled: its time comes with <see cref="FireTimers"/>.</summary>
    /// <param name="Since">
    /// Of a run that is counted in a group: when it had begun to wait for its turn. It is not its turn any more when it has been
    /// retried since. Null for any run.
    /// </param>
    public sealed record StartRun(DateTimeOffset? Since = null) : RunInput
    {
        public static readonly StartRun Instance = new();
    }

    /// <summary>An attempt that waited has been given a slot.</summary>
    /// <param name="Placement">Why there; null where there was nothing to choose from.</param>
    public sealed record GrantSlot(string Step, int Attempt, string Node, PlacementDecision? Placement = null)
        : RunInput;

    public sealed record ReportProgress(string Step, int Attempt, double Fraction, string? Message) : RunInput;

    public sealed record CompleteAttempt(string Step, int Attempt, Json Output) : RunInput
    {
        /// <summary>How many tokens its agent says it has used; null when it does not.</summary>
        public long? Tokens { get; init; }
    }

    public sealed record FailAttempt(string Step, int Attempt, RunError Error) : RunInput
    {
        /// <inheritdoc cref="CompleteAttempt.Tokens"/>
        public long? Tokens { get; init; }
    }

    /// <summary>The agent whose slot an attempt waits for has been drained: somebody else may do it.</summary>
    public sealed record PassOnAttempt(string Step, int Attempt) : RunInput;

    /// <summary>The backup gets no slot: the budget of its step has nothing left.</summary>
    /// <param name="Reason">The budget, and what it was used for.</param>
    public sealed record RefuseHedge(string Step, int Attempt, string Reason) : RunInput;

    /// <summary>What became of the agent of an attempt that lost to its backup, or the other way round.</summary>
    public sealed record ReportStop(string Step, int Attempt, AttemptStop Stop) : RunInput;

    /// <summary>The node that ran an attempt is gone, and with it what it was doing.</summary>
    /// <param name="WasStopped">
    /// No process has died: the node was stopped in order, or the attempt never came there. So it may be lost as often as
    /// that happens.
    /// </param>
    public sealed record LoseAttempt(string Step, int Attempt, string Reason, bool WasStopped = false) : RunInput;

    /// <summary>
    /// The run is taken up after a time in which no process was there to drive it; before anything else is said to it.
    /// </summary>
    /// <param name="Since">When the last one was last known to live.</param>
    /// <param name="Until">When the first one came.</param>
    public sealed record ResumeRun(DateTimeOffset Since, DateTimeOffset Until) : RunInput;

    /// <summary>Time has passed: whatever is due by now happens. Harmless when nothing is.</summary>
    public sealed record FireTimers : RunInput
    {
        public static readonly FireTimers Instance = new();
    }

    public sealed record CancelRun(string Reason) : RunInput;

    /// <summary>A signal from outside, or the decision of a person.</summary>
    /// <param name="Name">The signal's; of a decision the id of its step.</param>
    /// <param name="By">Who sends it; null for nobody who is named.</param>
    /// <param name="Key">By which a repetition is known; null when each is a new one.</param>
    /// <param name="IsDecision">It is for a step that somebody is to approve, and for no other.</param>
    public sealed record ReceiveSignal(
        string Name, Json Data, string? By = null, string? Key = null, bool IsDecision = false) : RunInput;

    /// <param name="FromStep">Do this step and those that depend on it anew; null: those that are not completed.</param>
    public sealed record RetryRun(string? FromStep = null) : RunInput;

    /// <summary>What came of a try to tell a webhook something; also of a run that has ended.</summary>
    /// <param name="Delivery">The number of the <see cref="WebhookDelivery"/>.</param>
    /// <param name="Try">Which try of it, from 1.</param>
    /// <param name="Error">Why it came to nothing; null when it was taken.</param>
    /// <param name="GivesUp">There is no need to try again.</param>
    public sealed record ReportDelivery(int Delivery, int Try, string? Error = null, bool GivesUp = false) : RunInput;

    /// <summary>Its key is to be another run's; also of a run that has ended.</summary>
    public sealed record SupersedeRun(RunId By) : RunInput;

    /// <summary>The run's key was posted again.</summary>
    public sealed record SkipSubmission : RunInput
    {
        public static readonly SkipSubmission Instance = new();
    }
}
