using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Grid;

/// <summary>
/// Agent Grid as its users see it, whatever engine is behind it. Every method can be called concurrently.
/// </summary>
public interface IAgentGrid
{
    /// <summary>Starts the run of a key, or finds it. Returns after the run is durable.</summary>
    ValueTask<SubmitResult> SubmitAsync(SubmitRun submit, CancellationToken cancellationToken = default);

    /// <summary>Null when there is no such run (any more).</summary>
    ValueTask<RunDetails?> GetRunAsync(RunId id, CancellationToken cancellationToken = default);

    /// <summary>A run with all its events, as the journal has them; null when there is no such run (any more).</summary>
    ValueTask<RunJournal?> GetJournalAsync(RunId id, CancellationToken cancellationToken = default);

    /// <summary>Waits until a run has ended; null when there is no such run.</summary>
    /// <param name="timeout">How long to wait at most; after that, the run is returned as it is.</param>
    ValueTask<RunDetails?> WaitForEndAsync(
        RunId id, TimeSpan timeout, CancellationToken cancellationToken = default);

    /// <summary>The output of a step; null when there is no such run or step, or no output yet.</summary>
    ValueTask<Json?> GetOutputAsync(RunId id, string step, CancellationToken cancellationToken = default);

    /// <summary>
    /// What an artifact of a run has, as a stream that can seek; null when there is none with that SHA-256, or no such run. Which a run
    /// has, <see cref="RunArtifacts.Of"/> says.
    /// </summary>
    ValueTask<Stream?> OpenArtifactAsync(RunId id, string sha256, CancellationToken cancellationToken = default);

    /// <summary>Runs, newest first.</summary>
    /// <remarks>
    /// A filtered page can be short, even empty, and still not be the last: a bounded number of runs is looked at. Continue
    /// from <see cref="RunPage.Next"/>.
    /// </remarks>
    ValueTask<RunPage> ListRunsAsync(RunQuery query, CancellationToken cancellationToken = default);

    /// <summary>
    /// Sends a command to a run. Returns after the outcome is durable. See <see cref="RunCommands"/> for the commands by
    /// their names.
    /// </summary>
    ValueTask<CommandResult> CommandAsync(
        RunId id, RunCommand command, CancellationToken cancellationToken = default);

    /// <summary>One page of events that are durable now, in the order of their numbers.</summary>
    /// <remarks>
    /// A filtered page can be empty and still not be the last: continue from <see cref="FeedPage.Next"/>. After a number
    /// beyond the newest event, there is one event of the stage <see cref="Stages.Reset"/>, and reading continues from the beginning.
    /// </remarks>
    /// <param name="limit">At least 1 is read.</param>
    ValueTask<FeedPage> ReadEventsAsync(
        FeedQuery query, int limit = 500, CancellationToken cancellationToken = default);

    /// <summary>
    /// Events as they become durable, in batches, without gaps or repeats: first those after
    /// <see cref="FeedQuery.After"/>, then live ones. Ends only when cancelled or when the engine stops.
    /// A slow reader slows nobody down: it falls back to reading from the journal. A reader that has seen numbers which the data
    /// does not have (any more) gets an event of the stage <see cref="Stages.Reset"/>, whose number is the one
    /// after which reading continues.
    /// </summary>
    IAsyncEnumerable<ImmutableArray<FeedEvent>> FollowAsync(
        FeedQuery query, CancellationToken cancellationToken = default);

    /// <summary>Every agent, by name, with its configuration and its load.</summary>
    ValueTask<ImmutableArray<AgentDetails>> GetAgentsAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Stops giving an agent new attempts, or gives it new ones again; running attempts continue, waiting ones keep waiting. In
    /// one process this lasts until it is restarted; a cluster keeps it.
    /// </summary>
    /// <returns>False when there is no such agent.</returns>
    ValueTask<bool> DrainAgentAsync(string agent, bool drained, CancellationToken cancellationToken = default);

    /// <summary>Every node that executes attempts, by name, with what it is doing now.</summary>
    ValueTask<ImmutableArray<NodeDetails>> GetNodesAsync(CancellationToken cancellationToken = default);

    /// <summary>Every plan that a request can name, by name.</summary>
    ValueTask<ImmutableArray<PlanDetails>> GetPlansAsync(CancellationToken cancellationToken = default);

    /// <summary>Every schedule, by name, with its next tick and its last run.</summary>
    ValueTask<ImmutableArray<ScheduleDetails>> GetSchedulesAsync(CancellationToken cancellationToken = default);

    /// <summary>Says which agent would get an attempt now, and why; starts nothing.</summary>
    ValueTask<RoutingDecision> RouteAsync(RouteQuery query, CancellationToken cancellationToken = default);

    ValueTask<GridHealth> GetHealthAsync(CancellationToken cancellationToken = default);
}

/// <summary>A request to run a plan.</summary>
/// <param name="Input">A JSON object: what was posted, <c>match_id</c> and <c>round</c> included.</param>
/// <param name="Plan">The name of a plan; null for the default one.</param>
/// <param name="InlinePlan">A plan of its own, <c>{"steps": {...}}</c>; excludes <paramref name="Plan"/>.</param>
/// <param name="Priority">-100 to 100; higher is served first where attempts wait.</param>
/// <param name="Tenant">Who posts, for fairness; null for nobody in particular.</param>
/// <param name="TraceParent">The W3C trace context that the run's spans belong to; null for none.</param>
public sealed record SubmitRun(
    RunKey Key, Json Input, string? Plan = null, Json? InlinePlan = null, int Priority = 0, string? Tenant = null,
    string? TraceParent = null)
{
    /// <summary>How far ahead a run can be started.</summary>
    public static readonly TimeSpan FarthestStart = TimeSpan.FromDays(366);

    /// <summary>
    /// When the run may start, at most <see cref="FarthestStart"/> from now; null, or a time in the past: at once. It is not part of
    /// the posted content: the first post of a key decides. Excludes <see cref="Delay"/>.
    /// </summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>The attempt for which the run does the work; null for one that users post. The run's key and id follow from it.</summary>
    public ParentRun? Parent { get; init; }

    /// <summary>How long after it is accepted the run may start; null for at once.</summary>
    public TimeSpan? Delay { get; init; }

    /// <summary>
    /// Webhooks that are told about the run, in addition to those of its plan. They are not part of the posted content: the first post of a
    /// key decides.
    /// </summary>
    public ImmutableArray<Webhook> Webhooks { get; init; } = [];

    /// <summary>
    /// Labels of the run, in addition to those of its plan; null for none. Like the priority, they are not part of the posted
    /// content: the first post of a key decides.
    /// </summary>
    public Labels? Labels { get; init; }

    /// <summary>
    /// What happens where a run with another input has the key. It is no part of what was posted: where the same had been posted, that
    /// run is found.
    /// </summary>
    public OnConflict OnConflict { get; init; }
}

/// <summary>What happens to a request whose key is taken by a run with other content.</summary>
public enum OnConflict
{
    /// <summary>It is refused, and the answer says what differs.</summary>
    Fail,

    /// <summary>It is answered with that run, whatever that one was posted with; nothing is started.</summary>
    UseExisting,

    /// <summary>
    /// That run is cancelled, unless it has ended, and says by which run it was superseded; the request becomes a new run under the key.
    /// </summary>
    Supersede,
}

/// <summary>The outcome of a <see cref="SubmitRun"/>.</summary>
[JsonDerivedType(typeof(Accepted), "accepted")]
[JsonDerivedType(typeof(Replayed), "replayed")]
[JsonDerivedType(typeof(Conflict), "conflict")]
[JsonDerivedType(typeof(GroupFull), "group_full")]
[JsonDerivedType(typeof(Invalid), "invalid")]
[JsonDerivedType(typeof(Overloaded), "overloaded")]
[JsonDerivedType(typeof(Unavailable), "unavailable")]
public abstract record SubmitResult
{
    private SubmitResult()
    {
    }

    /// <summary>The run is durable and will end.</summary>
    public sealed record Accepted(RunSummary Run) : SubmitResult;

    /// <summary>
    /// The same had been posted before, or something else with <see cref="OnConflict.UseExisting"/>; nothing was started.
    /// </summary>
    public sealed record Replayed(RunSummary Run) : SubmitResult;

    /// <summary>The key is taken by a run with different content.</summary>
    /// <param name="Differences">What differs, the first few: <c>grid_snapshot.players[0].role</c>.</param>
    public sealed record Conflict(RunSummary Run, ImmutableArray<string> Differences) : SubmitResult;

    /// <summary>Its group has as many runs as it may have, and the plan says to reject more. Nothing was kept.</summary>
    /// <param name="Other">One of these.</param>
    public sealed record GroupFull(RunGroup Group, RunId Other) : SubmitResult
    {
        /// <summary>The reason, in a sentence.</summary>
        [JsonIgnore]
        public string Message =>
            $"There {(Group.Max == 1 ? "is a run" : $"are {Group.Max} runs")} of the plan with {Group.Key} = {Group.Value}, such as {Other}, and it rejects " +
            $"further ones. Post again when one has ended, or cancel one.";
    }

    /// <summary>The request cannot be run. Nothing was kept.</summary>
    public sealed record Invalid(ImmutableArray<ConfigProblem> Problems) : SubmitResult;

    /// <summary>There is no room now. Nothing was kept.</summary>
    public sealed record Overloaded(TimeSpan RetryAfter, string Message) : SubmitResult;

    /// <summary>The engine cannot keep anything now (stopping, or its disk fails). Nothing was kept.</summary>
    public sealed record Unavailable(string Message) : SubmitResult;
}

/// <summary>Which runs to list.</summary>
/// <param name="Activity">What an active run is doing; other runs are left out.</param>
/// <param name="Agent">An agent that had an attempt in the run, even one that only waited for a slot.</param>
/// <param name="Cursor">Where to continue: <see cref="RunPage.Next"/> of the previous page.</param>
/// <param name="Limit">1 to 1,000.</param>
public sealed record RunQuery(
    RunStatus? Status = null, string? MatchId = null, string? Round = null, string? Plan = null,
    string? Cursor = null, int Limit = 50, RunActivity? Activity = null, string? Agent = null)
{
    /// <summary>Leaves out runs that were started by steps of other runs.</summary>
    public bool WithoutChildren { get; init; }

    /// <summary>Labels that a run must have, all of them; null for any.</summary>
    public Labels? Labels { get; init; }

    /// <summary>The runs of one group, by its value; null for all.</summary>
    public RunGroup? Group { get; init; }

    /// <summary>The words for a status or an activity, in the order in which a run comes to them.</summary>
    public static ImmutableArray<string> StatusWords { get; } =
    [
        .. Enum.GetValues<RunStatus>().Order().Select(static s => s.ToString()).Concat(Enum.GetNames<RunActivity>())
            .Select(JsonNamingPolicy.SnakeCaseLower.ConvertName),
    ];

    /// <summary>How many runs one page looks at, so that a rare agent is not sought among all of them at once.</summary>
    public const int MostLooks = 10_000;

    /// <summary>How many looks a run costs whose events must be read to know who had an attempt.</summary>
    public const int LooksOfEvents = 20;

    /// <summary>Whether a run is asked for, but for its agents, which may not be known.</summary>
    public bool Matches(RunSummary run) =>
        (Status is null || Status == run.Status)
        && (MatchId is null || MatchId == run.MatchId)
        && (Round is null || Round == run.Round)
        && (Plan is null || Plan == run.Plan)
        && !(WithoutChildren && run.MatchId.StartsWith(ParentRun.KeyPrefix, StringComparison.Ordinal))
        && (Group is null || (run.Group?.Key, run.Group?.Value) == (Group.Key, Group.Value))
        && (Labels is null || run.Labels?.Include(Labels) == true)
        && Activity switch
        {
            null => true,
            RunActivity.WaitingForSlot => !run.Status.IsEnded() && run.WaitingAttempts > 0,
            RunActivity.Waiting => !run.Status.IsEnded() && run.Waits > 0,
            RunActivity.WaitingForApproval => !run.Status.IsEnded() && run.WaitingApprovals > 0,
            RunActivity.Retrying => !run.Status.IsEnded() && run.RetryingBranches > 0,
            _ => throw new InvalidOperationException($"Unknown activity {Activity}."),
        };
}

/// <summary>What an active run may be doing besides running.</summary>
public enum RunActivity
{
    /// <summary>At least one of its attempts waits for a slot.</summary>
    WaitingForSlot,

    /// <summary>At least one of its branches waits to try again.</summary>
    Retrying,

    /// <summary>At least one of its steps waits for a signal, or for the decision of a person.</summary>
    Waiting,

    /// <summary>At least one of its steps waits for the decision of a person.</summary>
    WaitingForApproval,
}

/// <param name="Next">Null on the last page.</param>
public sealed record RunPage(ImmutableArray<RunSummary> Runs, string? Next);

/// <summary>One routing question.</summary>
/// <param name="Capabilities">Any of these; or <paramref name="Agent"/> by name.</param>
/// <param name="Prefer">The labels that come before others, as a step has them; null for none.</param>
public sealed record RouteQuery(ImmutableArray<string> Capabilities, string? Agent = null, Labels? Prefer = null)
{
    /// <summary>The time that an attempt has, above zero; null for the timeout of each agent. In JSON a number of seconds.</summary>
    [JsonConverter(typeof(SecondsConverter))]
    public TimeSpan? Within { get; init; }
}
