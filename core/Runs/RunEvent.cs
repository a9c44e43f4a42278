using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AgentGrid.Core.Placement;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Routing;

namespace AgentGrid.Core.Runs;

/// <summary>
/// One fact about a run. The wire names (<c>type</c>) are for ever: old journals are replayed with new code. A
/// property can be added when its default is what old journals meant.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(RunAccepted), "run.accepted")]
[JsonDerivedType(typeof(RunDue), "run.due")]
[JsonDerivedType(typeof(RunStarted), "run.started")]
[JsonDerivedType(typeof(RunResumed), "run.resumed")]
[JsonDerivedType(typeof(StepFannedOut), "step.fanned_out")]
[JsonDerivedType(typeof(AttemptQueued), "attempt.queued")]
[JsonDerivedType(typeof(AttemptStarted), "attempt.started")]
[JsonDerivedType(typeof(AttemptProgressed), "attempt.progressed")]
[JsonDerivedType(typeof(AttemptSucceeded), "attempt.succeeded")]
[JsonDerivedType(typeof(AttemptFailed), "attempt.failed")]
[JsonDerivedType(typeof(AttemptLost), "attempt.lost")]
[JsonDerivedType(typeof(AttemptCancelled), "attempt.cancelled")]
[JsonDerivedType(typeof(AttemptStopped), "attempt.stopped")]
[JsonDerivedType(typeof(StepWaiting), "step.waiting")]
[JsonDerivedType(typeof(StepReminded), "step.reminded")]
[JsonDerivedType(typeof(SignalReceived), "signal.received")]
[JsonDerivedType(typeof(StepCompleted), "step.completed")]
[JsonDerivedType(typeof(StepFailed), "step.failed")]
[JsonDerivedType(typeof(StepSkipped), "step.skipped")]
[JsonDerivedType(typeof(SubmissionSkipped), "submission.skipped")]
[JsonDerivedType(typeof(RunSuperseded), "run.superseded")]
[JsonDerivedType(typeof(RunCompleted), "run.completed")]
[JsonDerivedType(typeof(RunFailed), "run.failed")]
[JsonDerivedType(typeof(RunCancelled), "run.cancelled")]
[JsonDerivedType(typeof(RunRetried), "run.retried")]
[JsonDerivedType(typeof(WebhookDelivered), "webhook.delivered")]
[JsonDerivedType(typeof(WebhookFailed), "webhook.failed")]
public abstract record RunEvent
{
    private RunEvent()
    {
    }

    /// <summary>When it was decided.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The same event with the value that it has stored elsewhere to be read there.</summary>
    public static RunEvent Find(RunEvent e, Func<StoredValue, Json> at) => e switch
    {
        RunAccepted { Stored: { } stored } x => x with { Input = at(stored) },
        AttemptSucceeded { Stored: { } stored } x => x with { Output = at(stored) },
        _ => e,
    };

    /// <summary>The run exists. Everything that it depends on is in here or named in here.</summary>
    /// <param name="Input">
    /// A JSON object: what was posted, <c>match_id</c> and <c>round</c> included. JSON null in the journal where <see cref="Stored"/> has it.
    /// </param>
    /// <param name="Seed">Where all chance of this run comes from.</param>
    /// <param name="Priority">Higher is served first where attempts wait.</param>
    /// <param name="Tenant">Who posted it; null when nobody was named.</param>
    /// <param name="TraceParent">The W3C trace context that it belongs to; null for none.</param>
    public sealed record RunAccepted(
        RunId RunId, string MatchId, string Round, string PlanName, string PlanVersion,
        [property: JsonConverter(typeof(UnlessStoredConverter))] Json Input, ulong Seed,
        int Priority = 0, string? Tenant = null, string? TraceParent = null) : RunEvent
    {
        /// <summary>Where the input lies; null where it is in the journal.</summary>
        public StoredValue? Stored
        {
            get => Input.Storage;
            init => Input = value is null ? Input : Json.Stored(value);
        }

        /// <summary>Whether the plan came with the request, under a name of the caller's choice.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public bool Inline { get; init; }

        /// <summary>
        /// The request named no plan: this was the default one. Null from older versions, which did not say.
        /// </summary>
        public bool? ByDefault { get; init; }

        /// <summary>When it may start, later than <see cref="Time"/>; null for at once.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public DateTimeOffset? StartsAt { get; init; }

        /// <summary>Who is told what becomes of it, beside those that its plan names; null for nobody.</summary>
        public ImmutableArray<Webhook>? Webhooks { get; init; }

        /// <summary>The attempt whose work it is; null for a run that was posted.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public ParentRun? Parent { get; init; }

        /// <summary>Whom or what it is for: those of the plan and of the request; null for none.</summary>
        public Labels? Labels { get; init; }

        /// <summary>Those that it is counted with; null for none.</summary>
        public RunGroup? Group { get; init; }

        /// <summary>The run that had the key before, and has been superseded by this one; null for none.</summary>
        public RunId? Supersedes { get; init; }

        /// <summary>Which run of its key it is, from 1; more only of one that has superseded another.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public int? Generation { get; init; }

        /// <summary>
        /// When it begins to wait for its turn, unless that is later. Of a child, which several may try to accept, it is the same for all.
        /// </summary>
        [JsonIgnore]
        public DateTimeOffset QueuedAt => Parent?.StartedAt ?? Time;

        [JsonIgnore]
        public RunKey Key => new(MatchId, Round);
    }

    /// <summary>The time has come at which the run may start: it waits for its turn from now on.</summary>
    public sealed record RunDue() : RunEvent;

    /// <param name="Deadline">When the run is given up.</param>
    public sealed record RunStarted(DateTimeOffset Deadline) : RunEvent;

    /// <summary>
    /// The run goes on after a time in which no process was there to drive it: that is no part of its timeout.
    /// </summary>
    /// <param name="Since">From when that was, by what is known.</param>
    /// <param name="Deadline">When the run is given up now.</param>
    /// <param name="Until">Until when that was: waits for signals last as much longer; null in journals of older versions.</param>
    public sealed record RunResumed(DateTimeOffset Since, DateTimeOffset Deadline, DateTimeOffset? Until = null) : RunEvent;

    /// <summary>A step of mode race, all or each has been divided into branches.</summary>
    /// <param name="Agents">The agent of each branch (race, all); empty in mode each.</param>
    /// <param name="Branches">How many branches there are.</param>
    /// <param name="Required">How many of them must succeed.</param>
    public sealed record StepFannedOut(
        string Step, StepMode Mode, ImmutableArray<string> Agents, int Branches, int Required) : RunEvent;

    /// <summary>An attempt is bound to an agent, and waits for a slot.</summary>
    public sealed record AttemptQueued(
        string Step, int Branch, int Attempt, string Agent, RoutingDecision Decision) : RunEvent
    {
        /// <summary>It is a backup beside an attempt that runs, and is given a slot only within the budget of its step.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public bool IsHedge { get; init; }
    }

    /// <summary>An attempt has a slot and runs.</summary>
    /// <param name="Node">Where it runs; empty for one that is the work of a run of its own.</param>
    /// <param name="Decision">Why that agent; null when the attempt was queued before, and has said it then.</param>
    /// <param name="Deadline">When the attempt is given up.</param>
    /// <param name="Placement">Why on that node; null where there was nothing to choose from.</param>
    public sealed record AttemptStarted(
        string Step, int Branch, int Attempt, string Agent, string Node, DateTimeOffset Deadline,
        RoutingDecision? Decision = null, PlacementDecision? Placement = null) : RunEvent
    {
        /// <summary>When a backup is asked beside it; null where the plan wants none, or there is none left.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public HedgeDue? Hedge { get; init; }

        /// <summary>The version of the agent, as whoever drives the run has it; null where nothing is said, and in journals of older versions.</summary>
        public string? AgentVersion { get; init; }

        /// <summary>The hash of the agent's declaration (<see cref="Agents.AgentConfig.Hash"/>), as whoever drives the run has it; null like the version.</summary>
        public string? AgentHash { get; init; }
    }

    /// <param name="Fraction">0 to 1.</param>
    public sealed record AttemptProgressed(
        string Step, int Attempt, string Agent, double Fraction, string? Message = null) : RunEvent;

    /// <param name="Output">JSON null in the journal where <see cref="Stored"/> has it.</param>
    public sealed record AttemptSucceeded(
        string Step, int Attempt, string Agent, [property: JsonConverter(typeof(UnlessStoredConverter))] Json Output) : RunEvent
    {
        /// <summary>Where the output lies; null where it is in the journal.</summary>
        public StoredValue? Stored
        {
            get => Output.Storage;
            init => Output = value is null ? Output : Json.Stored(value);
        }

        /// <summary>How many tokens its agent says it has used; null when it does not.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public long? Tokens { get; init; }
    }

    /// <summary>An attempt failed or ran out of time.</summary>
    /// <param name="RetryAt">When the same agent is tried again; null when it is not.</param>
    /// <param name="GivesUp">The branch has nobody left to ask.</param>
    public sealed record AttemptFailed(
        string Step, int Attempt, string Agent, RunError Error, DateTimeOffset? RetryAt = null, bool GivesUp = false)
        : RunEvent
    {
        /// <inheritdoc cref="AttemptSucceeded.Tokens"/>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public long? Tokens { get; init; }
    }

    /// <summary>The node that ran the attempt is gone; the attempt is delivered again.</summary>
    /// <param name="WasStopped">True when it was stopped in order: such losses do not use an attempt up.</param>
    public sealed record AttemptLost(
        string Step, int Attempt, string Agent, string Node, string Reason, bool? WasStopped = null) : RunEvent;

    public sealed record AttemptCancelled(string Step, int Attempt, string Agent, string Reason) : RunEvent
    {
        /// <summary>A backup for which the budget of its step had nothing left: it has never started.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public bool IsRefusedHedge { get; init; }
    }

    /// <summary>What became of an agent that was told to stop, or that it has not stopped; also of a run that has ended.</summary>
    public sealed record AttemptStopped(string Step, int Attempt, string Agent, AttemptStop Stop) : RunEvent;

    /// <summary>A step waits for a signal; it takes the first of its name that came before.</summary>
    /// <param name="Deadline">Until when.</param>
    public sealed record StepWaiting(string Step, string Signal, DateTimeOffset Deadline) : RunEvent;

    /// <summary>A step has waited for as long as its plan says that somebody is to be reminded after.</summary>
    /// <param name="Signal">What it waits for.</param>
    public sealed record StepReminded(string Step, string Signal) : RunEvent;

    /// <summary>A signal has come, or the decision of a person.</summary>
    /// <param name="Data">What was sent.</param>
    /// <param name="By">Who sent it: the name of an API key; null when nobody was named.</param>
    /// <param name="Key">By which a repetition is known; null for none.</param>
    /// <param name="Step">The step that takes it; null while none waits for it.</param>
    public sealed record SignalReceived(
        string Signal, Json Data, string? By = null, string? Key = null, string? Step = null) : RunEvent;

    /// <param name="Winners">The attempts whose outputs make up the step's output, in the order of their branches; none of a step that waited.</param>
    public sealed record StepCompleted(string Step, ImmutableArray<int> Winners) : RunEvent;

    /// <param name="Tolerated">The step is optional, so that the run goes on.</param>
    public sealed record StepFailed(string Step, RunError Error, bool Tolerated = false) : RunEvent;

    public sealed record StepSkipped(string Step, string Reason) : RunEvent;

    /// <summary>The same run was posted again, and nothing was started.</summary>
    public sealed record SubmissionSkipped() : RunEvent;

    /// <summary>
    /// The run gives up its key; also one that has ended. It is never retried, and if it has not ended it is cancelled in the same turn.
    /// </summary>
    /// <param name="By">The run that is to have the key: it may not be accepted yet.</param>
    public sealed record RunSuperseded(RunId By) : RunEvent;

    public sealed record RunCompleted(Json Result) : RunEvent;

    public sealed record RunFailed(RunError Error) : RunEvent;

    public sealed record RunCancelled(string Reason) : RunEvent;

    /// <summary>An ended run goes on: some steps start anew, the others are kept.</summary>
    /// <param name="FromStep">The step that was named; null for none.</param>
    /// <param name="Anew">
    /// The steps that start anew; null in journals of older versions, where it was all that were not completed or
    /// skipped, and those that depend on the step that was named.
    /// </param>
    /// <param name="Partly">Those of them that keep their branches that have succeeded.</param>
    public sealed record RunRetried(
        string? FromStep = null, ImmutableArray<string>? Anew = null, ImmutableArray<string>? Partly = null) : RunEvent;

    /// <summary>Somebody has been told; also of a run that has ended.</summary>
    /// <param name="Delivery">The number of the <see cref="WebhookDelivery"/>.</param>
    public sealed record WebhookDelivered(int Delivery) : RunEvent;

    /// <summary>A try to tell somebody came to nothing; also of a run that has ended.</summary>
    /// <param name="Error">Why, in one line.</param>
    /// <param name="NextTryAt">When it is tried again; null when it is given up.</param>
    public sealed record WebhookFailed(int Delivery, string Error, DateTimeOffset? NextTryAt = null) : RunEvent;
}
