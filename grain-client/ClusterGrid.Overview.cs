using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Routing;
using AgentGrid.Engine.Schedules;
using AgentGrid.Engine.Store;
using AgentGrid.GrainInterfaces.Dispatch;

namespace AgentGrid.GrainClient;

public sealed partial class ClusterGrid
{
    private (ClusterHealth Health, long At)? _lastHealth;

    public async ValueTask<ImmutableArray<AgentDetails>> GetAgentsAsync(CancellationToken cancellationToken = default) =>
        (await _calls.AskAsync(client => Dispatcher(client).GetAgentsAsync(), cancellationToken).ConfigureAwait(false))
            .To<ImmutableArray<AgentDetails>>();

    public async ValueTask<ImmutableArray<NodeDetails>> GetNodesAsync(CancellationToken cancellationToken = default) =>
        (await _calls.AskAsync(client => Dispatcher(client).GetNodesAsync(), cancellationToken).ConfigureAwait(false))
            .To<ImmutableArray<NodeDetails>>();

    public async ValueTask<ImmutableArray<PlanDetails>> GetPlansAsync(CancellationToken cancellationToken = default) =>
        (await _calls.AskAsync(client => Dispatcher(client).GetPlansAsync(), cancellationToken).ConfigureAwait(false))
            .To<ImmutableArray<PlanDetails>>();

    public async ValueTask<ImmutableArray<ScheduleDetails>> GetSchedulesAsync(CancellationToken cancellationToken = default)
    {
        var schedules = await _calls.AskAsync(client => Dispatcher(client).GetSchedulesAsync(), cancellationToken)
            .ConfigureAwait(false);
        return await LastRuns.AddAsync(
            schedules.To<ImmutableArray<ScheduleDetails>>(), query => ListRunsAsync(query, cancellationToken)).ConfigureAwait(false);
    }

    public async ValueTask<RoutingDecision> RouteAsync(
        RouteQuery query, CancellationToken cancellationToken = default) =>
        (await _calls.AskAsync(
            // What older silos know they are asked as they know it.
            client => query.Within is not null ? Dispatcher(client).RouteQueryAsync(Json.From(query))
                : query.Prefer is { } prefer
                ? Dispatcher(client).RouteByAsync(query.Capabilities, Json.From(prefer))
                : Dispatcher(client).RouteAsync(query.Capabilities, query.Agent), cancellationToken)
            .ConfigureAwait(false)).To<RoutingDecision>()!;

    public async ValueTask<bool> DrainAgentAsync(
        string agent, bool drained, CancellationToken cancellationToken = default) =>
        await _calls.AskAsync(client => Dispatcher(client).DrainAgentAsync(agent, drained), cancellationToken)
            .ConfigureAwait(false);

    public async ValueTask<GridHealth> GetHealthAsync(CancellationToken cancellationToken = default)
    {
        var problems = ImmutableArray.CreateBuilder<string>();
        if (!_running || _stopping)
        {
            problems.Add(NotRunning);
        }
        var asking = AskHealthAsync(cancellationToken);
        var counts = await CountAsync(problems, cancellationToken).ConfigureAwait(false);
        var cluster = await asking.ConfigureAwait(false);
        if (cluster is null)
        {
            problems.Add(
                $"No silo of cluster '{_clusterId}' answers: runs are neither accepted nor driven. Start one " +
                "(AgentGrid.Silo --role silo), or look at its log.");
        }
        var ready = problems.Count == 0;
        if (cluster is not null)
        {
            if (cluster.Nodes.IsEmpty)
            {
                problems.Add("No node takes attempts: runs are accepted, and wait. Start a silo for their queues.");
            }
            problems.AddRange(cluster.ConfigProblems.Select(p => p.Told));
            problems.AddRange(cluster.AgentProblems);
        }
        if (ready && await _access.FindProblemAsync(cancellationToken).ConfigureAwait(false) is { } problem)
        {
            problems.Add(problem.Message);
            ready = !problem.KeepsNothing;
        }
        return new GridHealth
        {
            Engine = "orleans",
            Ready = ready,
            Problems = problems.ToImmutable(),
            ActiveRuns = counts.Running,
            QueuedRuns = counts.Queued,
            LastSeq = _tail.Ring.Head,
            DrainedAgents = cluster is { DrainedAgents.IsDefault: false } ? cluster.DrainedAgents : [],
            ConfigProblems = cluster?.ConfigProblems ?? [],
            ConfigLoadedAt = cluster?.ConfigLoadedAt,
            ConfigChanges = cluster?.ConfigChanges ?? [],
        };
    }

    private async Task<RunCounts> CountAsync(
        ImmutableArray<string>.Builder problems, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadAsync(
                () => _log.CountAsync().WaitAsync(_times.LongestHealth, _time, cancellationToken), cancellationToken)
                .ConfigureAwait(false);
        }
        catch (GridUnavailableException e)
        {
            problems.Add(e.Message);
            return new RunCounts(0, 0);
        }
    }

    // A silo that has just died is replaced in the time for which callers wait; until then the last answer holds.
    private async Task<ClusterHealth?> AskHealthAsync(CancellationToken cancellationToken)
    {
        try
        {
            var health = await _calls.AskAsync(
                (client, _) => Dispatcher(client).GetHealthAsync().WaitAsync(_times.LongestHealth, _time, cancellationToken),
                TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
            _lastHealth = (health, _time.GetTimestamp());
            return health;
        }
        catch (GridUnavailableException)
        {
            return _lastHealth is { } last && _time.GetElapsedTime(last.At) < _times.Patience ? last.Health : null;
        }
    }
}
