using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Placement;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;

namespace AgentGrid.TestKit;

/// <summary>
/// A grid of one process that tells of nodes as a cluster does: its runs are real, where they ran is said by the test.
/// What shows nodes and placements is tested with it, and no cluster is started.
/// </summary>
public sealed class ClusterOnPaper(IAgentGrid grid) : IAgentGrid
{
    private const long Gib = 1L << 30;

    /// <summary>What the cluster is made of whenever somebody asks, from now on.</summary>
    public Func<ImmutableArray<NodeDetails>> Nodes { get; set; } = () => Example(DateTimeOffset.UtcNow);

    /// <summary>What agent 'echo' has not returned from, besides what is not named.</summary>
    public ImmutableArray<AbandonedAttempt> Abandoned { get; set; } = [];

    /// <summary>Where every attempt that has started went, and why.</summary>
    public PlacementDecision Placement { get; set; } = new("gpu1", "the agent is loaded there; next is 'gpu2'",
        [
            new("gpu1", 1_000, 3, 0.5, 14 * Gib, "the agent is loaded"),
            new("gpu2", 987.5, 7, 0.125, 20 * Gib),
            new("cpu1", -1_000, 0, 0, null, "does not serve queue 'gpu'"),
        ], Gpu: 1);

    /// <summary>Two nodes with GPUs, one of them draining, and one without.</summary>
    public static ImmutableArray<NodeDetails> Example(DateTimeOffset now) =>
    [
        new()
        {
            Name = "cpu1", Queues = ["general"], Running = 3, Gpus = [], WarmAgents = ["echo", "perception"],
            Agents = [new("echo", 1), new("perception", 2)], SeenAt = now,
        },
        new()
        {
            Name = "gpu1", Queues = ["gpu"], Running = 4, Slots = [new("gpu", 4, 8)],
            Gpus =
            [
                new(0, "NVIDIA L4", 24 * Gib, Gib, 8 * Gib, 10 * Gib),
                new(1, "NVIDIA L4", 24 * Gib, 0, 8 * Gib, 6 * Gib),
            ],
            WarmAgents = ["motion_generator"], Agents = [new("motion_generator", 4)], Labels = Labels.Of(("zone", "eu")),
            Failing = [new("motion_generator", 5, 12)], SeenAt = now,
        },
        new()
        {
            Name = "gpu2", Queues = ["gpu"], Draining = true, Running = 8, Slots = [new("gpu", 8, 8)],
            Gpus = [new(0, "NVIDIA A10", 24 * Gib, 2 * Gib, 22 * Gib, 20 * Gib)],
            WarmAgents = ["motion_backup", "motion_generator"],
            Agents = [new("motion_backup", 3), new("motion_generator", 5)], SeenAt = now,
        },
    ];

    public ValueTask<ImmutableArray<NodeDetails>> GetNodesAsync(CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(Nodes());

    public ValueTask<RunJournal?> GetJournalAsync(RunId id, CancellationToken cancellationToken = default) =>
        grid.GetJournalAsync(id, cancellationToken);

    public async ValueTask<RunDetails?> GetRunAsync(RunId id, CancellationToken cancellationToken = default) =>
        Placed(await grid.GetRunAsync(id, cancellationToken));

    public async ValueTask<RunDetails?> WaitForEndAsync(
        RunId id, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        Placed(await grid.WaitForEndAsync(id, timeout, cancellationToken));

    public ValueTask<SubmitResult> SubmitAsync(SubmitRun submit, CancellationToken cancellationToken = default) =>
        grid.SubmitAsync(submit, cancellationToken);

    public ValueTask<Json?> GetOutputAsync(RunId id, string step, CancellationToken cancellationToken = default) =>
        grid.GetOutputAsync(id, step, cancellationToken);

    public ValueTask<Stream?> OpenArtifactAsync(RunId id, string sha256, CancellationToken cancellationToken = default) =>
        grid.OpenArtifactAsync(id, sha256, cancellationToken);

    public ValueTask<RunPage> ListRunsAsync(RunQuery query, CancellationToken cancellationToken = default) =>
        grid.ListRunsAsync(query, cancellationToken);

    public ValueTask<CommandResult> CommandAsync(
        RunId id, RunCommand command, CancellationToken cancellationToken = default) =>
        grid.CommandAsync(id, command, cancellationToken);

    public ValueTask<FeedPage> ReadEventsAsync(
        FeedQuery query, int limit = 500, CancellationToken cancellationToken = default) =>
        grid.ReadEventsAsync(query, limit, cancellationToken);

    public IAsyncEnumerable<ImmutableArray<FeedEvent>> FollowAsync(
        FeedQuery query, CancellationToken cancellationToken = default) => grid.FollowAsync(query, cancellationToken);

    public async ValueTask<ImmutableArray<AgentDetails>> GetAgentsAsync(CancellationToken cancellationToken = default) =>
        Abandons(await grid.GetAgentsAsync(cancellationToken));

    public ValueTask<bool> DrainAgentAsync(
        string agent, bool drained, CancellationToken cancellationToken = default) =>
        grid.DrainAgentAsync(agent, drained, cancellationToken);

    public ValueTask<ImmutableArray<ScheduleDetails>> GetSchedulesAsync(CancellationToken cancellationToken = default) =>
        grid.GetSchedulesAsync(cancellationToken);

    public ValueTask<ImmutableArray<PlanDetails>> GetPlansAsync(CancellationToken cancellationToken = default) =>
        grid.GetPlansAsync(cancellationToken);

    public ValueTask<RoutingDecision> RouteAsync(RouteQuery query, CancellationToken cancellationToken = default) =>
        grid.RouteAsync(query, cancellationToken);

    public ValueTask<GridHealth> GetHealthAsync(CancellationToken cancellationToken = default) =>
        grid.GetHealthAsync(cancellationToken);

    private RunDetails? Placed(RunDetails? run) => run is null ? null : run with
    {
        Steps = [.. run.Steps.Select(s => s with { Attempts = [.. s.Attempts.Select(Placed)] })],
    };

    private AttemptDetails Placed(AttemptDetails attempt) => attempt.Node is null
        ? attempt
        : attempt with { Node = Placement.Node, Placement = Placement };

    // One more than are named.
    private ImmutableArray<AgentDetails> Abandons(ImmutableArray<AgentDetails> agents) => Abandoned.IsEmpty ? agents :
    [
        .. agents.Select(a => a.Config.Name == "echo"
            ? a with { Abandoned = Abandoned.Length + 1, AbandonedAttempts = Abandoned }
            : a),
    ];
}
