using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Config;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Dispatch;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Routing;
using AgentGrid.Engine.Slots;
using AgentGrid.Engine.Store;
using AgentGrid.GrainInterfaces;
using AgentGrid.GrainInterfaces.Agents;
using AgentGrid.GrainInterfaces.Dispatch;
using AgentGrid.GrainInterfaces.Matches;
using AgentGrid.Grains.Driving;
using AgentGrid.Grains.Nodes;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace AgentGrid.Grains.Dispatch;

/// <inheritdoc cref="IDispatcherGrain"/>
[Reentrant, KeepAlive, GrainType("agentgrid.dispatcher")]
internal sealed partial class DispatcherGrain(
    [PersistentState("dispatcher", ClusterNames.Store)] IPersistentState<DispatcherState> state,
    Node node, IRunStore log, ISiloStatusOracle silos, LocalDispatcher seat, ClusterEngine engine,
    ILogger<DispatcherGrain> logger) : Grain, IDispatcherGrain
{
    private static readonly TimeSpan PlacesInterval = TimeSpan.FromSeconds(10);

    // Of a thousand nodes two thousand reports come in a second, and this looks at all that waits and runs.
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    private readonly Waiters _waiters = new(node.Time);
    private QueuedRuns _places = null!;
    private readonly ClusterNodes _nodes = new(silos, node.Time, node.Options.Times.Silence);
    private SlotLeases<SiloAddress> _grants = null!;
    private GridConfig? _config;
    private HashSet<string> _drained = [];
    private Task _keeping = Task.CompletedTask;
    private Task _placesCheck = Task.CompletedTask;
    private long _placesCheckedAt;
    private long _lookedAt;

    private SlotTable Slots => _grants.Slots;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var times = node.Options.Times;
        _grants = new SlotLeases<SiloAddress>(
            node.Time, new GrainPlatform(TaskScheduler.Current), IsAlive, times.OnItsWay, times.LongestOnItsWay, logger);
        FollowConfig();
        _drained = [.. await log.DrainedAsync(), .. state.State.Drained];
        foreach (var agent in _drained)
        {
            Slots.Drain(agent, drained: true);
        }
        _places = new QueuedRuns(node, YieldTo);
        _places.Restore(await log.ActiveAsync(), state.State.OnTheirWay);
        _placesCheckedAt = node.Time.GetTimestamp();
        foreach (var report in await AskNodesAsync(static n => n.DescribeAsync()))
        {
            Take(report);
        }
        seat.Take(Slots);
        LogRebuilt(logger, _nodes.Count, _grants.Count);
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        seat.Leave(Slots);
        Slots.Dispose();
        return Task.CompletedTask;
    }

    public async Task<SlotReply> AcquireSlotAsync(GrainInterfaces.Dispatch.SlotRequest request)
    {
        FollowConfig();
        DropOtherAgents(request);
        if (_grants.Find(request.Slot) is { } granted)
        {
            granted.Driver = request.Driver;
            return AnswerTo(
                request, granted.IsFound ? new SlotReply(SlotOutcome.Granted, granted.Slot.Node) : SlotWaiter.ReplyOf(granted.Slot));
        }
        var waiter = _waiters.Find(request.Slot);
        if (waiter is null)
        {
            if (request.Gone is { } gone && _nodes.Suspect(gone) is { } doubted)
            {
                Slots.PutNode(doubted);
            }
            waiter = new SlotWaiter(request, _grants, _waiters);
            _waiters.Add(waiter);
            Slots.Wait(waiter.Request);
        }
        else
        {
            waiter.Driver = request.Driver;
        }
        return AnswerTo(request, await waiter.AnswerAsync(node, request.HearsOfDrain));
    }

    public Task ReleaseSlotsAsync(ImmutableArray<string> slots)
    {
        foreach (var slot in slots)
        {
            if (!_grants.Release(slot) && !_grants.ForgetCall(slot) && _waiters.Find(slot) is { } waiter)
            {
                Withdraw(waiter);
            }
        }
        return Task.CompletedTask;
    }

    public async Task<bool> EnterRunAsync(PlaceRequest request) =>
        await _places.EnterAsync(request)
        && (request.Group is not { } group || await KeepOnItsWayAsync(QueuedRun.TurnOf(request.RunId, group.Since)));

    public Task<string?> ReserveRunAsync(PlaceRequest request) => Task.FromResult(_places.Reserve(request));

    public Task StepAsideAsync(string runId)
    {
        _places.StepAside(runId);
        return Task.CompletedTask;
    }

    public Task LeaveRunAsync(string runId, DateTimeOffset? since)
    {
        _places.Leave(runId, since);
        return Task.CompletedTask;
    }

    public Task<ImmutableArray<LoadReport>> GetLoadsAsync()
    {
        FollowConfig();
        return Task.FromResult<ImmutableArray<LoadReport>>(
        [
            .. Slots.All().Select(a => new LoadReport(
                a.Agent.Name, a.Running, a.Waiting, a.FreeSlots, a.Slots, a.Drained, a.Note, a.Full)
            {
                Failing = a.Failing is { } failing ? ReportOf(failing) : null,
                FailingNodes = [.. a.FailingNodes?.Select(static n => new NodeFailureReport(n.Node, ReportOf(n.State))) ?? []],
                NodeLabels = [.. a.NodeLabels?.Select(Json.From) ?? []],
            }),
        ]);
    }

    public Task ReportNodeAsync(NodeReport report)
    {
        Take(report);
        if (node.Time.GetElapsedTime(_lookedAt) > LookInterval)
        {
            _lookedAt = node.Time.GetTimestamp();
            LookAround();
        }
        return Task.CompletedTask;
    }

    public Task<int> CountOnTheirWayAsync(string node) => Task.FromResult(_grants.CountOnTheirWay(node));

    public Task<ImmutableArray<string>> GetDrainedAsync() => Task.FromResult<ImmutableArray<string>>([.. _drained]);

    public async Task<bool> DrainAgentAsync(string agent, bool drained)
    {
        FollowConfig();
        if (!Slots.Drain(agent, drained))
        {
            return false;
        }
        _ = drained ? _drained.Add(agent) : _drained.Remove(agent);
        await log.KeepDrainedAsync(agent, drained);
        if (!drained && state.State.Drained.Remove(agent))
        {
            await KeepAsync(static () => false);
        }
        return true;
    }

    public Task<Json> GetPlansAsync()
    {
        var config = node.Config.Current;
        return Task.FromResult(Json.From(config.Plans.Values
            .Select(p => new PlanDetails(p.Name, p.Version, p.Name == config.DefaultPlan, p.Definition)).ToArray()));
    }

    public Task<Json> GetSchedulesAsync() =>
        Task.FromResult(Json.From(ScheduleDetails.Of(node.Config.Current, node.Time.GetUtcNow()).ToArray()));

    public Task<Json> RouteAsync(ImmutableArray<string> capabilities, string? agent) => Answer(new RouteQuery(capabilities, agent));

    public Task<Json> RouteByAsync(ImmutableArray<string> capabilities, Json prefer) =>
        Answer(new RouteQuery(capabilities, Prefer: prefer.To<Labels>()));

    public Task<Json> RouteQueryAsync(Json query) => Answer(query.To<RouteQuery>()!);

    // By what the runs took that are driven on this silo.
    private Task<Json> Answer(RouteQuery query)
    {
        FollowConfig();
        return Task.FromResult(Json.From(DryRun.Of(query, Slots, engine.Durations)));
    }

    private static FailureReport ReportOf(FailingState state) => new(state.InARow, state.IsOpen, state.NextTryIn);

    public async Task<Json> GetAgentsAsync()
    {
        FollowConfig();
        var statistics = await AskNodesAsync(static n => n.GetStatisticsAsync());
        return Json.From(AgentViews.Of(Slots.All(), statistics));
    }

    public Task<Json> GetNodesAsync() =>
        Task.FromResult(Json.From(_nodes.Describe(Slots.Nodes(), node.Time.GetUtcNow())));

    public async Task<ClusterHealth> GetHealthAsync()
    {
        FollowConfig();
        var statistics = await AskNodesAsync(static n => n.GetStatisticsAsync());
        var oldest = statistics.MinBy(s => s.ConfigLoadedAt);
        return new ClusterHealth
        {
            Nodes = [.. _nodes.Available()],
            ConfigProblems = [.. statistics.SelectMany(s => s.ConfigProblems).Distinct()],
            AgentProblems = [.. statistics.SelectMany(s => s.AgentProblems).Distinct()],
            DrainedAgents = [.. _drained.Order(StringComparer.Ordinal)],
            ConfigLoadedAt = oldest?.ConfigLoadedAt,
            ConfigChanges = oldest?.ConfigChanges,
        };
    }

    // The next dispatcher must count what was told to start before the run log says that it has. Whoever keeps this while
    // there is another dispatcher is refused, and begins anew with what that one has kept.
    private async Task<bool> KeepOnItsWayAsync(string turn)
    {
        try
        {
            await KeepAsync(() => state.State.OnTheirWay.Contains(turn));
            return true;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            LogUnkept(logger, e);
            DeactivateOnIdle();
            return false;
        }
    }

    // One write at a time; those that come meanwhile share the next.
    private async Task KeepAsync(Func<bool> isKept)
    {
        while (true)
        {
            var last = _keeping;
            if (last.IsCompletedSuccessfully && isKept())
            {
                return;
            }
            if (last.IsCompleted)
            {
                break;
            }
            await last.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
        state.State.OnTheirWay = [.. _places.OnTheirWay];
        await (_keeping = state.WriteStateAsync());
    }

    private void YieldTo(string match, RunId run, GroupPlace other) => _ = CancelAsync(match, run, other);

    // Not waited for: it is said again as long as the other waits.
    private async Task CancelAsync(string match, RunId run, GroupPlace other)
    {
        try
        {
            await GrainFactory.GetGrain<IMatchGrain>(match).CommandAsync(run, Json.From<RunCommand>(new RunCommand.Cancel(other.Reason)));
        }
        catch (Exception e) when (Transient.Is(e))
        {
            LogNotCancelled(logger, e, run);
        }
    }

    private async Task CheckPlacesAsync()
    {
        var readAt = _placesCheckedAt = node.Time.GetTimestamp();
        try
        {
            _places.Check(await log.ActiveAsync(), readAt);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            LogUnchecked(logger, e);
        }
    }

    private SlotReply AnswerTo(GrainInterfaces.Dispatch.SlotRequest request, SlotReply reply) =>
        node.Address.Equals(request.Driver) ? reply : reply.Outgoing;

    // A driver that died before it had kept its turn may have chosen another agent for the same attempt: what it got for
    // that agent is not where this one can run.
    private void DropOtherAgents(GrainInterfaces.Dispatch.SlotRequest request)
    {
        if (_grants.Find(request.Slot) is { } granted && granted.Slot.AgentName != request.Agent)
        {
            _grants.Release(request.Slot);
        }
        if (_waiters.Find(request.Slot) is { } waiter && waiter.Request.Agent != request.Agent)
        {
            Withdraw(waiter);
        }
    }

    private bool IsAlive(SiloAddress silo) => silos.GetApproximateSiloStatus(silo) is not (SiloStatus.Dead or SiloStatus.None);

    private void Withdraw(SlotWaiter waiter)
    {
        _waiters.Remove(waiter);
        if (Slots.Withdraw(waiter.Request))
        {
            waiter.Answer(new SlotReply(SlotOutcome.Withdrawn));
        }
    }

    // The files are watched on another thread; a change takes hold between two calls.
    private void FollowConfig()
    {
        if (!ReferenceEquals(_config, node.Config.Current))
        {
            _config = node.Config.Current;
            Slots.Configure(_config);
        }
    }
}
