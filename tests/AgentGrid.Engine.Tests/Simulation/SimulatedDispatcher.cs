using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;

namespace AgentGrid.Engine.Tests.Simulation;

/// <summary>
/// SlotLeases slots and places under keys, as the cluster's dispatcher does: what is asked twice under a key is granted once.
/// What it knows is in memory; when it moves it begins anew with what nodes report.
/// </summary>
internal sealed partial class SimulatedDispatcher(World world, SimulatedCluster cluster) : Place("dispatcher")
{
    private static readonly TimeSpan OnItsWay = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, Grant> _grants = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Waiter> _waiters = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _released = new(StringComparer.Ordinal);
    private readonly HashSet<string> _drained = new(StringComparer.Ordinal);
    private SimulatedBudgets _hedges = new(world);
    private SimulatedHealth _health = new(world, cluster);
    private readonly HashSet<RunId> _places = [];
    private readonly Dictionary<RunId, List<Action<bool>>> _queue = [];
    private readonly Dictionary<RunId, DateTimeOffset> _reserved = [];

    // What is kept of the runs that are counted: it is there before one is told to start, and whatever becomes of the dispatcher.
    private readonly HashSet<GroupPlace> _onTheirWay = [];
    private readonly Dictionary<RunId, GroupPlace> _counted = [];
    private RunGroups<RunId> _groups = new();

    public int Moves { get; private set; }
    public bool IsIdle => _grants.Count == 0 && _waiters.Count == 0 && _places.Count == 0 && _queue.Count == 0 && _counted.Count == 0;

    public override string ToString() =>
        $"grants {string.Join(' ', _grants.Keys)}; waiters {string.Join(' ', _waiters.Keys)}; " +
        $"places {string.Join(' ', _places.Select(SimulatedStore.Short))}; " +
        $"queue {string.Join(' ', _queue.Keys.Select(SimulatedStore.Short))}; " +
        $"counted {string.Join(' ', _counted.Keys.Select(SimulatedStore.Short))}";

    /// <summary>Somebody has asked for it, and has it or waits for it, or did so until just now.</summary>
    public bool Knows(string key) => _waiters.ContainsKey(key) || _grants.ContainsKey(key)
        || (_released.TryGetValue(key, out var at) && world.Now - at < TimeSpan.FromSeconds(5));

    /// <param name="answer">
    /// Told the node and the agent; or nothing, when the dispatcher does not know of the request any more.
    /// </param>
    /// <param name="drained">Told when the agent takes no attempts for now; the request goes on waiting.</param>
    /// <param name="refused">Told why a backup is given no slot.</param>
    public void Ask(
        string key, string agent, Isolation? isolation, HedgedStep? hedged, LabelPreference? prefer, Action<(string Node, string Agent)?> answer,
        Action drained, Action<string> refused)
    {
        if (_grants.TryGetValue(key, out var granted))
        {
            if (granted.Agent == agent || world.Mistake == Mistake.MixesUpAgents)
            {
                answer((granted.Node, granted.Agent));
                return;
            }
            Drop(key);
        }
        if (_waiters.TryGetValue(key, out var waiter) && waiter.Agent == agent)
        {
            waiter.Asking.Add(answer);
            return;
        }
        _waiters.Remove(key);
        waiter?.Answer(null);
        _waiters.Add(key, new Waiter(agent, isolation, hedged, prefer, [answer], drained, refused));
        if (_drained.Contains(agent))
        {
            drained();
        }
        Serve();
    }

    /// <summary>An agent takes no attempts any more, or takes them again.</summary>
    public void Drain(string agent)
    {
        if (_drained.Remove(agent))
        {
            world.Note($"{agent} is undrained");
            Serve();
            return;
        }
        world.Note($"{agent} is drained");
        _drained.Add(agent);
        foreach (var waiter in _waiters.Values.Where(w => w.Agent == agent).ToArray())
        {
            waiter.Drained();
        }
    }

    public void UndrainAll() => _drained.Clear();

    public void Release(string key)
    {
        if (_waiters.ContainsKey(key) || _grants.ContainsKey(key))
        {
            _released[key] = world.Now;
        }
        if (world.Errs(Mistake.ForgetsReleases))
        {
            return;
        }
        Drop(key);
        if (_waiters.Remove(key, out var waiter))
        {
            waiter.Answer(null);
        }
        Serve();
    }

    /// <summary>An attempt has ended in a way that says something of its agent.</summary>
    public void Report(string agent, string node, bool hasFailed)
    {
        _health.Report(agent, node, hasFailed);
        Serve();
    }

    /// <summary>A node's word on what it holds.</summary>
    public void Take(SimulatedNode node, string[] held)
    {
        foreach (var key in held)
        {
            if (_waiters.Remove(key, out var waiter))
            {
                waiter.Answer(null); // who asks again is told where it is
            }
            var since = _grants.GetValueOrDefault(key)?.At ?? world.Now;
            _grants[key] = new Grant(node.AgentOf(key), node.Name, since, node.IsolationOf(key)) { IsConfirmed = true };
        }
        foreach (var (key, grant) in _grants.Where(g => g.Value.Node == node.Name && !held.Contains(g.Key)).ToArray())
        {
            if ((grant.IsConfirmed || world.Now - grant.At > OnItsWay) && world.Mistake != Mistake.ForgetsReleases)
            {
                Drop(key);
            }
        }
        Serve();
    }

    private void Drop(string key)
    {
        if (_grants.Remove(key))
        {
            _hedges.End(key);
        }
    }

    public void RemoveNode(string node)
    {
        foreach (var (key, _) in _grants.Where(g => g.Value.Node == node).ToArray())
        {
            Drop(key);
        }
        Serve();
    }

    /// <param name="answer">Told true when there is a place; false when the dispatcher does not know of it any more.</param>
    public void Enter(RunId run, GroupPlace? place, Action<bool> answer)
    {
        if (_counted.TryGetValue(run, out var known) && place?.Since < known.Since)
        {
            answer(true); // what is known of is durable: its turn comes too late for the store, and so it learns of the retry
            return;
        }
        Count(run, place);
        Yield(run);
        if (_places.Contains(run))
        {
            answer(true);
            return;
        }
        if (_queue.TryGetValue(run, out var asking))
        {
            asking.Add(answer);
            return;
        }
        _queue.Add(run, [answer]);
        Serve();
    }

    /// <param name="answer">Told null when the run is counted; else one that is in its way.</param>
    public void Reserve(GroupPlace place, Action<RunId?> answer)
    {
        if (!_counted.ContainsKey(place.Run) && _groups.InTheWay(place) is { Value: not "" } other)
        {
            answer(other);
            return;
        }
        Count(place.Run, place);
        _reserved[place.Run] = world.Now;
        answer(null);
    }

    public void StepAside(RunId run)
    {
        if (_groups.HasStarted(run))
        {
            _places.Remove(run);
            Serve();
        }
    }

    public void Leave(RunId run, DateTimeOffset? since = null)
    {
        if (world.Mistake == Mistake.ForgetsPlaces || (_counted.TryGetValue(run, out var place) && place.Since != since))
        {
            return;
        }
        Discount(run);
        _places.Remove(run);
        if (_queue.Remove(run, out var waiting))
        {
            waiting.ForEach(static answer => answer(false));
        }
        Serve();
    }

    /// <summary>Compares who holds a place with what the store says.</summary>
    public void CheckPlaces()
    {
        if (world.Mistake != Mistake.ForgetsPlaces)
        {
            _places.RemoveWhere(r => !IsDriven(r));
        }
        foreach (var run in _counted.Keys.ToArray())
        {
            if (cluster.Store.Has(run) ? cluster.Store[run].Status.IsEnded() : world.Now - _reserved[run] > OnItsWay)
            {
                Discount(run);
            }
        }
        CountStarted(static _ => false);
        _places.UnionWith(cluster.Store.Runs.Where(r => IsDriven(r) && !_queue.ContainsKey(r)));
        foreach (var run in _queue.Keys.ToArray())
        {
            Yield(run);
        }
        Serve();
    }

    /// <param name="mayHave">Whether a run that is queued may have been told to start.</param>
    private void CountStarted(Func<GroupPlace, bool> mayHave)
    {
        foreach (var run in cluster.Store.Runs)
        {
            var state = cluster.Store[run];
            if (GroupPlace.Of(state) is { } place && (state.Status == RunStatus.Running || (state.Status == RunStatus.Queued && mayHave(place))))
            {
                Count(run, place);
                _groups.Start(run, place);
            }
        }
    }

    private void Count(RunId run, GroupPlace? place)
    {
        if (place is null || (_counted.TryGetValue(run, out var known) && known.Since == place.Since))
        {
            return;
        }
        Discount(run);
        world.Note($"{SimulatedStore.Short(run)} is counted, since {place.Since:ss.fffffff}");
        _counted.Add(run, place);
        _groups.Wait(run, place);
    }

    // What it was told of a time before its retry is forgotten with that.
    private void Discount(RunId run)
    {
        if (_counted.Remove(run, out var place))
        {
            world.Note($"{SimulatedStore.Short(run)} is counted no longer");
            _groups.Leave(run);
            _onTheirWay.Remove(place);
            _places.Remove(run);
            if (_queue.Remove(run, out var waiting))
            {
                waiting.ForEach(static answer => answer(false));
            }
        }
    }

    private void Yield(RunId run)
    {
        foreach (var other in _groups.Replaced(run).Where(cluster.Store.Has))
        {
            cluster.Yield(other, _counted[run]);
        }
        if (_groups.Replacing(run) is { } replacing)
        {
            cluster.Yield(run, replacing);
        }
    }

    private bool IsDriven(RunId run) => cluster.Store[run] is { Status: RunStatus.Running, OnlyWaits: false };

    /// <summary>It is on another silo now.</summary>
    public void Move()
    {
        Moves++;
        world.Note("the dispatcher moves");
        Action[] told =
        [
            .. _waiters.Values.Select(static w => (Action)(() => w.Answer(null))),
            .. _queue.Values.SelectMany(static q => q).Select(static answer => (Action)(() => answer(false))),
        ];
        _hedges = new SimulatedBudgets(world);
        _health = new SimulatedHealth(world, cluster);
        _grants.Clear();
        _waiters.Clear();
        _queue.Clear();
        _places.Clear();
        _counted.Clear();
        _groups = new();
        if (world.Mistake == Mistake.ForgetsWhatMayStart)
        {
            _onTheirWay.Clear();
        }
        CountStarted(_onTheirWay.Contains);
        _places.UnionWith(_onTheirWay.Where(_counted.ContainsValue).Select(static p => p.Run));
        CheckPlaces();
        foreach (var node in cluster.Nodes.Where(static n => n is { IsDead: false, IsFrozen: false }))
        {
            Take(node, node.Held());
        }
        Array.ForEach(told, static tell => tell());
    }

    public AgentLoad LoadOf(string agent)
    {
        var config = cluster.Agents[agent];
        var nodes = cluster.Nodes.Count(static n => !n.IsGone);
        var running = _grants.Values.Count(g => g.Agent == agent);
        return _health.AddTo(new AgentLoad(
            config, running, _waiters.Values.Count(w => w.Agent == agent),
            _drained.Contains(agent) ? 0 : Math.Max(0, (config.MaxConcurrency * nodes) - running), _drained.Contains(agent), Slots: Math.Max(1, config.MaxConcurrency * nodes)));
    }

    private void Serve()
    {
        foreach (var (run, asking) in _queue.ToArray())
        {
            if (_places.Count < cluster.MostRuns && (world.Mistake == Mistake.CountsNobody || _groups.MayStart(run)))
            {
                _groups.Start(run, null);
                world.Note($"{SimulatedStore.Short(run)} is given a place");
                if (_counted.TryGetValue(run, out var place))
                {
                    _onTheirWay.Add(place);
                }
                _queue.Remove(run);
                _places.Add(run);
                asking.ForEach(static answer => answer(true));
            }
        }
        foreach (var (key, waiter) in _waiters.ToArray())
        {
            var free = cluster.Nodes.Where(n => !_drained.Contains(waiter.Agent) && !n.IsGone && IsApart(n, waiter.Isolation) && !_health.Spares(waiter.Agent, n.Name) && cluster.Agents[waiter.Agent].MaxConcurrency
                > _grants.Values.Count(g => g.Node == n.Name && g.Agent == waiter.Agent)).ToArray();
            if (free.Length > 0 && _waiters.Remove(key))
            {
                if (waiter.Hedged is { } hedged && _hedges.Refusal(key, hedged, cluster.Agents[waiter.Agent].Resources.GpuMemoryBytes > 0) is { } reason)
                {
                    _released[key] = world.Now;
                    waiter.Refused(reason);
                    continue;
                }
                var node = world.Mistake == Mistake.KeepsNobodyApart
                    ? free.MaxBy(n => _grants.Values.Count(g => g.Node == n.Name))!.Name
                    : Place(free, waiter);
                _health.Start(waiter.Agent, node);
                _grants.Add(key, new Grant(waiter.Agent, node, world.Now, waiter.Isolation));
                waiter.Answer((node, waiter.Agent));
            }
        }
    }

    private sealed record Waiter(
        string Agent, Isolation? Isolation, HedgedStep? Hedged, LabelPreference? Prefer, List<Action<(string Node, string Agent)?>> Asking, Action Drained,
        Action<string> Refused)
    {
        public void Answer((string Node, string Agent)? slot) => Asking.ForEach(answer => answer(slot));
    }

    private sealed record Grant(string Agent, string Node, DateTimeOffset At, Isolation? Isolation)
    {
        public bool IsConfirmed { get; init; }
    }
}
