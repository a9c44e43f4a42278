using System.Collections.Immutable;
using System.Globalization;
using AgentGrid.Core;
using AgentGrid.Core.Documents;

namespace AgentGrid.Cli.Client;

// The answers of the API, as far as they are shown. Words such as statuses stay texts, so that a newer server with
// words of its own can be read by this program.

/// <summary>The answer to a post.</summary>
internal sealed record RunAnswer(
    string RunId, string Status, string MatchId, string Round, string Plan, string PlanVersion, bool Replayed,
    DateTimeOffset? StartsAt = null, string? Supersedes = null);

/// <summary>A run in one line.</summary>
internal sealed record RunLine(
    string RunId, string MatchId, string Round, string Plan, string PlanVersion, string Status,
    DateTimeOffset AcceptedAt, DateTimeOffset? LastStartedAt, DateTimeOffset? EndedAt, int WaitingAttempts,
    int RetryingBranches, string? Reason, int WaitingSteps = 0, int WaitingApprovals = 0, DateTimeOffset? StartsAt = null)
{
    /// <summary>The status, or what a running run is held up by, in the words of the filter.</summary>
    public string State => (Status, RetryingBranches, WaitingAttempts, WaitingApprovals, WaitingSteps) switch
    {
        ("running", > 0, _, _, _) => "retrying",
        ("running", _, > 0, _, _) => "waiting_for_slot",
        ("running", _, _, > 0, _) => "waiting_for_approval",
        ("running", _, _, _, > 0) => "waiting",
        _ => Status,
    };
}

internal sealed record RunLines(ImmutableArray<RunLine> Runs, string? Next);

internal sealed record CommandView(bool Changed, RunLine Run);

/// <summary>A run with its steps.</summary>
internal sealed record RunView(
    string RunId, string MatchId, string Round, string Plan, string PlanVersion, string Status,
    DateTimeOffset AcceptedAt, DateTimeOffset? LastStartedAt, DateTimeOffset? EndedAt, Json? Result, ErrorView? Error,
    string? CancelReason, ImmutableArray<StepView> Steps, string? SubmittedBy, DateTimeOffset? StartsAt = null,
    ImmutableArray<WebhookView> Webhooks = default, ParentView? Parent = null, Labels? Labels = null,
    string? WaitsFor = null, int? Generation = null, string? Supersedes = null, string? SupersededBy = null)
{
    public bool IsEnded => Status is "completed" or "failed" or "cancelled";
}

/// <summary>Somebody who is told what becomes of a run.</summary>
internal sealed record WebhookView(string Url, ImmutableArray<string> On, ImmutableArray<DeliveryView> Deliveries);

internal sealed record DeliveryView(
    string Event, DateTimeOffset At, string? Step, string State, int Tries, string? LastError, DateTimeOffset? NextTryAt);

/// <summary>The attempt whose work a run is.</summary>
internal sealed record ParentView(string Run, string Step, int Attempt);

/// <param name="Type">What was thrown; null where nothing was.</param>
/// <param name="Detail">Where it was thrown; null where there is no telling, and for keys that may not see it.</param>
internal sealed record ErrorView(string Code, string Message, string? Type = null, string? Detail = null);

internal sealed record StepView(
    string Id, string Status, string Mode, ImmutableArray<string> Needs, int? Required, int? Branches,
    DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, ErrorView? Error, string? SkipReason, int? OutputBytes,
    ImmutableArray<AttemptView> Attempts, WaitView? Wait = null);

/// <summary>What a step waits for.</summary>
internal sealed record WaitView(string Signal, DateTimeOffset Until, ApprovalTextView? Approval);

internal sealed record ApprovalTextView(string Title);

internal sealed record ArtifactList(ImmutableArray<ArtifactView> Artifacts);

/// <summary>An artifact of a run.</summary>
internal sealed record ArtifactView(string Name, string MediaType, long Bytes, string Sha256, ImmutableArray<string> Steps, string Link);

internal sealed record ApprovalList(ImmutableArray<ApprovalView> Approvals, string? Next);

/// <summary>A step that waits for the decision of a person.</summary>
internal sealed record ApprovalView(
    string RunId, string MatchId, string Round, string Step, string Title, ImmutableArray<string> By, DateTimeOffset Since,
    DateTimeOffset Until);

internal sealed record AttemptView(
    int Attempt, int Branch, string Agent, string Status, string? Node, DateTimeOffset QueuedAt,
    DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, double? Progress, ErrorView? Error, string? CancelReason,
    int Losses, DecisionView? Decision, PlacementView? Placement, DateTimeOffset? RetryAt, string? Run = null, HedgeView? Hedge = null,
    ReceiptView? Receipt = null, bool IsHedge = false, long? Tokens = null);

/// <summary>When a backup is asked beside an attempt; no time when none is.</summary>
internal sealed record HedgeView(DateTimeOffset? At, string Why);

/// <summary>What became of an agent that was told to stop.</summary>
internal sealed record ReceiptView(
    DateTimeOffset AskedAt, string State, bool? Acknowledged, DateTimeOffset? StoppedAt, DateTimeOffset? GivenUpAt, double? Seconds,
    double? GpuSeconds)
{
    /// <summary><c>told to stop; stopped after 0.03 s, ran 0.84 s</c>.</summary>
    public string InWords => "told to stop; " + State switch
    {
        "stopped" => $"{(Acknowledged == true ? "stopped" : "ran to its end,")} {After(StoppedAt)}",
        "did_not_stop" => $"did not stop, its slot was taken {After(GivenUpAt)}",
        _ => "nothing was heard since",
    } + (Seconds is { } ran ? string.Create(CultureInfo.InvariantCulture, $", ran {ran:0.###} s") : "")
        + (GpuSeconds is { } gpu ? string.Create(CultureInfo.InvariantCulture, $", {gpu:0.###} s of a GPU") : "");

    private string After(DateTimeOffset? at) =>
        at is { } then ? string.Create(CultureInfo.InvariantCulture, $"after {(then - AskedAt).TotalSeconds:0.###} s") : "";
}

/// <summary>Why an attempt went where it went.</summary>
internal sealed record DecisionView(string? Agent, string Why, ImmutableArray<CandidateView> Candidates);

/// <param name="Because">Null where the server is older than the tool.</param>
internal sealed record CandidateView(string Agent, string? Note, string? Because = null);

/// <summary>Why an attempt runs on its node.</summary>
internal sealed record PlacementView(
    string? Node, string Why, ImmutableArray<NodeCandidateView> Candidates, int? Gpu);

/// <inheritdoc cref="CandidateView"/>
internal sealed record NodeCandidateView(string Node, string? Note, string? Because = null);

internal sealed record AgentList(ImmutableArray<AgentView> Agents);

internal sealed record AgentView(
    string Name, ImmutableArray<string> Capabilities, int Priority, string Queue, int MaxConcurrency, bool Enabled, bool Drained,
    AgentLoadView Load, AgentCountsView Counts, LatencyView? LatencyMs, string? Target = null, AgentHealthView? Health = null,
    string Kind = "code", ImmutableArray<AbandonedView> AbandonedAttempts = default, RateLimitView? RateLimit = null,
    FailingView? Failing = null, ImmutableArray<NodeFailingView> FailingNodes = default, ImmutableArray<AgentFailureView> LastFailures = default);

/// <summary>A node on which an agent fails.</summary>
internal sealed record NodeFailingView(string Node, int InARow, double NextTryInSeconds)
{
    /// <summary><c>on node 'gpu1' failing: 5 in a row, next try in 12 s</c>.</summary>
    public string InWords => $"on node '{Node}' {new FailingView(InARow, NextTryInSeconds).InWords}";
}

/// <summary>How an attempt of an agent has failed.</summary>
internal sealed record AgentFailureView(DateTimeOffset At, string? Node, string Kind, string Code, string Message, string? Type = null);

/// <summary>An agent whose last attempts have failed.</summary>
internal sealed record FailingView(int InARow, double NextTryInSeconds)
{
    /// <summary><c>failing: 5 in a row, next try in 12 s</c>.</summary>
    public string InWords => string.Create(
        CultureInfo.InvariantCulture,
        $"failing: {InARow} in a row, next try {(NextTryInSeconds > 0 ? $"in {Math.Ceiling(NextTryInSeconds):0} s" : "now")}");
}

/// <summary>How many attempts may start, and how many could at once now.</summary>
internal sealed record RateLimitView(string Text, int Left, double NextInSeconds, TokenLimitView? Tokens = null)
{
    /// <summary>
    /// The limit and where it stands: <c>rate limit 60/m: next in 2.4 s</c>, or <c>rate limit 90000 tokens/m: 300 of 1200 tokens left, next in
    /// about 2.4 s</c>.
    /// </summary>
    public string InWords => string.Create(CultureInfo.InvariantCulture, $"rate limit {Text}: {State}");

    private string State => (Left, Tokens) switch
    {
        ( > 0, _) => string.Create(CultureInfo.InvariantCulture, $"{Left} can start"),
        (_, { } tokens) when tokens.Left < tokens.Estimate => string.Create(
            CultureInfo.InvariantCulture, $"{tokens.Left} of {tokens.Estimate} tokens left, next in about {NextInSeconds:0.0} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"next in {NextInSeconds:0.0} s"),
    };
}

internal sealed record TokenLimitView(long Estimate, long Left);

internal sealed record AgentHealthView(string Condition, string? Problem);

internal sealed record AgentLoadView(int Running, int Waiting, int Abandoned = 0);

/// <summary>An attempt that has ended, and whose agent has not returned.</summary>
internal sealed record AbandonedView(
    string MatchId, string Round, string Step, int Attempt, string Node, DateTimeOffset CancelledAt,
    DateTimeOffset? SlotHeldUntil);

internal sealed record AgentCountsView(long Succeeded, long Failed, long TimedOut, long Cancelled);

internal sealed record LatencyView(double P50Ms, double P95Ms, double P99Ms);

internal sealed record NodeList(ImmutableArray<NodeView> Nodes);

internal sealed record NodeView(
    string Name, ImmutableArray<string>? Queues, bool Draining, bool Silent, int Running,
    ImmutableArray<NodeQueueView> Slots, ImmutableArray<NodeGpuView>? Gpus,
    ImmutableArray<string> WarmAgents, ImmutableArray<NodeAgentView> Agents, DateTimeOffset SeenAt,
    Dictionary<string, string>? Labels = null, ImmutableArray<NodeFailureView> Failing = default);

/// <summary>An agent that fails on a node.</summary>
internal sealed record NodeFailureView(string Agent, int InARow, double NextTryInSeconds)
{
    /// <summary><c>motion failing: 5 in a row, next try in 12 s</c>.</summary>
    public string InWords => $"{Agent} {new FailingView(InARow, NextTryInSeconds).InWords}";
}

internal sealed record NodeQueueView(string Queue, int Running, int Slots);

internal sealed record NodeGpuView(int Index, long TotalBytes, long UsedByOthersBytes, long LeasedBytes, long UsedHereBytes);

internal sealed record NodeAgentView(string Agent, int Running);

internal sealed record PlanList(ImmutableArray<PlanView> Plans);

internal sealed record PlanView(string Name, string Version, bool IsDefault, Json Definition);

internal sealed record HedgeReportView(string Plan, int Runs, ImmutableArray<HedgedStepView> Steps);

/// <summary>What backups have cost and gained in one step.</summary>
internal sealed record HedgedStepView(
    string Step, int Executions, int Started, int Won, int Lost, int Refused, int DidNotStop, double LostSeconds, double SavedSeconds,
    HedgeLatencyView? WithMs, HedgeLatencyView? WithoutMs, int AtLeast);

internal sealed record HedgeLatencyView(double P50, double P99);

internal sealed record ScheduleList(ImmutableArray<ScheduleView> Schedules);

internal sealed record ScheduleView(
    string Name, string Cron, string TimeZone, string Plan, bool Paused, DateTimeOffset? NextTick = null, RunLine? LastRun = null);

/// <param name="DrainedAgents">Default where the server is older than the tool.</param>
internal sealed record HealthView(
    string Status, string Engine, ImmutableArray<string> Problems, int ActiveRuns, int QueuedRuns, long LastSeq,
    int OpenFeeds, ImmutableArray<string> DrainedAgents, ConfigHealthView Config, string Version);

/// <param name="Changes">Default where the server is older than the tool.</param>
internal sealed record ConfigHealthView(
    DateTimeOffset? LoadedAt, ImmutableArray<string> Changes, ImmutableArray<ConfigProblem> Problems);
