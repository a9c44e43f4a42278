using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AgentGrid.Core.Placement;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Routing;

namespace AgentGrid.Core.Runs;

/// <summary>A run in one line. Times are null until they happen.</summary>
public sealed record RunSummary
{
    public required RunId RunId { get; init; }
    public required string MatchId { get; init; }
    public required string Round { get; init; }
    public required string Plan { get; init; }
    public required string PlanVersion { get; init; }
    public required RunStatus Status { get; init; }
    public required DateTimeOffset AcceptedAt { get; init; }

    /// <summary>When it may start, or might; null for at once.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public DateTimeOffset? StartsAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>
    /// When it was started after it had last been retried, or else first; null before, and where an older version wrote it
    /// down without.
    /// </summary>
    public DateTimeOffset? LastStartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>
    /// From its last start to its end, so that the time in which it lay there before a retry does not count; null until
    /// both are known.
    /// </summary>
    [JsonIgnore]
    public TimeSpan? Duration => EndedAt - LastStartedAt;

    /// <summary>How many of its attempts wait for a slot.</summary>
    public int WaitingAttempts { get; init; }

    /// <summary>How many of its branches wait to try again.</summary>
    public int RetryingBranches { get; init; }

    /// <summary>How many of its steps wait for a signal.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Waits { get; init; }

    /// <summary>How many of these wait for the decision of a person.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int WaitingApprovals { get; init; }

    /// <summary>It does nothing but wait, and holds no place among the runs that are driven at once.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool OnlyWaits { get; init; }

    /// <summary>How much its webhooks have still to be told; also when it has ended.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int OpenWebhooks { get; init; }

    /// <summary>Who has had an attempt in it; null where only its events say so.</summary>
    public AgentSet? Agents { get; init; }

    /// <summary>Whom or what it is for; null for none.</summary>
    public Labels? Labels { get; init; }

    /// <summary>Which run of its key it is, from 2; null for the first.</summary>
    public int? Generation { get; init; }

    /// <summary>The run that had its key before; null for none.</summary>
    public RunId? Supersedes { get; init; }

    /// <summary>The run that has its key now, or was to have it; null while it has that itself.</summary>
    public RunId? SupersededBy { get; init; }

    /// <summary>Those that it is counted with; null for none.</summary>
    public RunGroup? Group { get; init; }

    /// <summary>Of a run with a group: when it began to wait for its turn. Null for others.</summary>
    public DateTimeOffset? QueuedAt { get; init; }

    /// <summary>
    /// Why it failed or was cancelled, in one line (<see cref="RunReason"/>); null for all other runs, and where an
    /// older version wrote it down without.
    /// </summary>
    public string? Reason { get; init; }
}

/// <summary>A run with everything that happened in it.</summary>
public sealed record RunDetails
{
    public required RunSummary Summary { get; init; }

    /// <summary>Whom of its group it waits for, in a sentence; null while it waits for none of them.</summary>
    public string? WaitsFor { get; init; }

    /// <summary>Who posted it; null when nobody was named.</summary>
    public string? Tenant { get; init; }

    /// <summary>The attempt whose work it is; null for a run that was posted.</summary>
    public ParentRun? Parent { get; init; }

    /// <summary>The plan that it runs, in canonical form: <see cref="Plans.Plan.Definition"/>.</summary>
    public required Json PlanDefinition { get; init; }
    public required Json Input { get; init; }
    public required ImmutableArray<StepDetails> Steps { get; init; }

    /// <summary>What it was sent, in that order.</summary>
    public ImmutableArray<SignalDetails> Signals { get; init; } = [];

    /// <summary>Who is told what becomes of it; those of its plan first.</summary>
    public ImmutableArray<WebhookDetails> Webhooks { get; init; } = [];

    /// <summary>Null until the run is completed.</summary>
    public Json? Result { get; init; }

    /// <summary>Null unless the run failed.</summary>
    public RunError? Error { get; init; }

    /// <summary>Why it was cancelled; null unless it was.</summary>
    public string? CancelReason { get; init; }
}

public sealed record StepDetails
{
    public required string Id { get; init; }
    public required StepStatus Status { get; init; }
    public ImmutableArray<string> Needs { get; init; } = [];
    public required string Mode { get; init; }

    /// <summary>How many branches must succeed, and how many there are; null before it is divided.</summary>
    public int? Required { get; init; }
    public int? Branches { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public RunError? Error { get; init; }

    /// <summary>Why it was skipped; null unless it was.</summary>
    public string? SkipReason { get; init; }

    /// <summary>Null until the step is completed.</summary>
    public Json? Output { get; init; }

    /// <summary>What it waits for; null while it does not wait.</summary>
    public WaitDetails? Wait { get; init; }
    public required ImmutableArray<AttemptDetails> Attempts { get; init; }
}

/// <summary>Somebody who is told what becomes of a run.</summary>
/// <param name="Deliveries">What was to be told so far, in that order.</param>
public sealed record WebhookDetails(
    string Url, ImmutableArray<WebhookEvent> On, ImmutableArray<DeliveryDetails> Deliveries);

/// <summary>One thing that a webhook is to be told.</summary>
/// <param name="Id">Its <c>webhook-id</c>: the same for every try.</param>
/// <param name="At">When it happened.</param>
/// <param name="Step">The step that waits; null unless that is told.</param>
/// <param name="Tries">How often it has been tried.</param>
/// <param name="LastError">Why the last try came to nothing; null before the first, and when it is delivered.</param>
/// <param name="NextTryAt">When it is tried again; null for at once, and when it is settled.</param>
public sealed record DeliveryDetails(
    string Id, WebhookEvent Event, DateTimeOffset At, string? Step, DeliveryState State, int Tries, string? LastError,
    DateTimeOffset? NextTryAt);

/// <summary>A signal that a run was sent.</summary>
/// <param name="By">Who sent it; null when nobody was named.</param>
/// <param name="Key">By which a repetition is known; null for none.</param>
/// <param name="Step">The step that has taken it; null while none has.</param>
public sealed record SignalDetails(string Name, string? Key, string? By, DateTimeOffset At, string? Step)
{
    /// <summary>What was sent.</summary>
    [JsonIgnore]
    public Json Data { get; init; } = Json.Null;
}

/// <summary>What a step waits for.</summary>
/// <param name="Signal">What it is sent by; of an approval the id of the step.</param>
/// <param name="Until">When the wait is over.</param>
/// <param name="By">The names of the API keys that may send it; empty for all.</param>
/// <param name="Approval">What a person is asked; null where it is no person who is waited for.</param>
/// <param name="RemindsAt">When somebody is reminded of it; null for never, and when that has happened.</param>
public sealed record WaitDetails(
    string Signal, DateTimeOffset Until, ImmutableArray<string> By, ApprovalDetails? Approval, DateTimeOffset? RemindsAt = null);

/// <summary>What a person is asked.</summary>
/// <param name="Title">The question, in one line.</param>
/// <param name="Description">More about it; null for nothing.</param>
/// <param name="Form">What is to be filled in, as a JSON Schema; null for nothing.</param>
/// <param name="Given">What it is about: the values of the step's <c>with</c>; null without.</param>
public sealed record ApprovalDetails(string Title, string? Description, Json? Form, Json? Given);

public sealed record AttemptDetails
{
    public required int Attempt { get; init; }
    public required int Branch { get; init; }
    public required string Agent { get; init; }
    public required AttemptStatus Status { get; init; }

    /// <summary>The version of its agent when it started; null where nothing was said.</summary>
    public string? AgentVersion { get; init; }

    /// <summary>The beginning of the SHA-256 of its agent's declaration when it started; null where it is not known.</summary>
    public string? AgentHash { get; init; }

    /// <summary>Null until it has started, and where a run of its own does the work.</summary>
    public string? Node { get; init; }
    public required DateTimeOffset QueuedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public DateTimeOffset? RetryAt { get; init; }

    /// <summary>0 to 1; null when the agent has not said.</summary>
    public double? Progress { get; init; }
    public string? ProgressMessage { get; init; }
    public RunError? Error { get; init; }
    public string? CancelReason { get; init; }

    /// <summary>How often its node went away under it.</summary>
    public int Losses { get; init; }
    public RoutingDecision? Decision { get; init; }

    /// <summary>Why it runs on its node; null until it has started, and where there was nothing to choose from.</summary>
    public PlacementDecision? Placement { get; init; }
    public int? OutputBytes { get; init; }

    /// <summary>How many tokens its agent says it has used; null when it does not.</summary>
    public long? Tokens { get; init; }

    /// <summary>What it came to; null unless it has succeeded. Not shown: of an attempt that counts it is in the step's output.</summary>
    [JsonIgnore]
    public Json? Output { get; init; }

    /// <summary>It is a backup that was asked for beside another attempt, because that took long.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsHedge { get; init; }

    /// <summary>It is such a backup, and never started: the budget of its step had nothing left.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsRefusedHedge { get; init; }

    /// <summary>When a backup is asked beside it; null where none is foreseen.</summary>
    public HedgeDue? Hedge { get; init; }

    /// <summary>Of one that was cancelled in a step with backups: what it has cost, as far as is known. Null for others.</summary>
    public StopReceipt? Receipt { get; init; }

    /// <summary>The run that does its work; null where an agent does, and until it has started.</summary>
    public RunId? Run { get; init; }
}
