using System.Collections.Immutable;
using AgentGrid.Core.Config;
using AgentGrid.Engine.Slots;
using AgentGrid.Simulation.Clock;

namespace AgentGrid.Bench.Placement;

/// <summary>
/// Places what arrives on a fleet, on a virtual clock: the dispatcher's table, leases and placer are the product's; nodes, drivers and
/// the network between them are played. Each message takes a millisecond.
/// </summary>
internal sealed class PlacementSimulation : IDisposable
{
    private static readonly TimeSpan Hop = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan DeclaredDead = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Downtime = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Rebalancing = TimeSpan.FromSeconds(1);

    private readonly SimulatedClock _clock = new();
    private readonly SimulatedTime _time;
    private readonly PriorityQueue<Action, (TimeSpan At, long Order)> _events = new();
    private readonly Fleet _fleet;
    private readonly ImmutableArray<Job> _jobs;
    private readonly GpuNode[] _nodes;
    private readonly Dictionary<string, GpuNode> _byName;
    private readonly Shard[] _shards;
    private readonly int[] _shardOf;
    private readonly GpuOwners _owners;
    private readonly PlacedJob[] _placed;
    private readonly int[] _missing;
    private readonly Dictionary<GraphRun, int[][]> _children = new(ReferenceEqualityComparer.Instance);
    private long _order;
    private int _open;

    /// <param name="shards">How many dispatchers share the models, and by what is asked of them the GPUs.</param>
    public PlacementSimulation(Fleet fleet, ImmutableArray<Job> jobs, int shards = 1, bool rebalances = true, bool writesReplies = false)
    {
        (_fleet, _jobs) = (fleet, jobs);
        _time = new SimulatedTime(_clock);
        _nodes = [.. fleet.Nodes.Select(static n => new GpuNode(n))];
        _byName = _nodes.ToDictionary(static n => n.Name, StringComparer.Ordinal);
        _shardOf = GpuOwners.ShareModels(fleet, shards);
        _owners = new GpuOwners(fleet, _shardOf, shards);
        _shards = [.. Enumerable.Range(0, shards).Select(s => new Shard(_time, ConfigOf(s), writesReplies))];
        _placed = [.. jobs.Select(static _ => new PlacedJob())];
        _missing = [.. jobs.Select(static j => j.Run?.Graph.Tasks[j.Task].Parents.Length ?? 0)];
        _open = jobs.Length;
        foreach (var node in _nodes)
        {
            _owners.Each(node.Node.Index, (s, owned) => _shards[s].Put(node.State(owned)));
            // Not all in the same instant.
            At(ReportInterval * node.Node.Index / _nodes.Length, () => Report(node));
        }
        foreach (var job in jobs.Where(j => _missing[j.Index] == 0))
        {
            At(job.Arrives, () => Ask(job));
        }
        if (shards > 1 && rebalances)
        {
            At(Rebalancing, Rebalance);
        }
    }

    public IReadOnlyList<Shard> Shards => _shards;

    /// <summary>What became of each job, in their order.</summary>
    public IReadOnlyList<PlacedJob> Placed => _placed;

    public TimeSpan Now => _clock.Now;
    public int ColdStarts { get; private set; }
    public int Deaths { get; private set; }

    /// <summary>Attempts that were lost with their nodes, or could not be started there.</summary>
    public int Lost { get; private set; }

    /// <summary>A node dies now and then; it comes back after a minute.</summary>
    /// <param name="interval">Between deaths of any node, on average.</param>
    public void LetNodesDie(TimeSpan interval, int seed)
    {
        var random = new Random(seed);
        Next();

        void Next() => At(_clock.Now + interval * -Math.Log(1 - random.NextDouble()), () =>
        {
            Die(_nodes[random.Next(_nodes.Length)]);
            Next();
        });
    }

    /// <summary>Goes on until all is done, or until a time.</summary>
    /// <param name="decisions">Or until so many attempts were given a slot.</param>
    /// <exception cref="InvalidOperationException">Something waits, and nothing can happen any more.</exception>
    public void Run(TimeSpan? until = null, long decisions = long.MaxValue)
    {
        while (_open > 0 && _shards.Sum(static s => s.Decisions) < decisions)
        {
            if (!_events.TryDequeue(out var act, out var at))
            {
                throw new InvalidOperationException($"{_open} jobs have not ended, and nothing happens any more.");
            }
            if (at.At > until)
            {
                _events.Enqueue(act, at);
                _clock.MoveTo(until.Value);
                return;
            }
            _clock.MoveTo(at.At);
            while (_time.FireOne())
            {
            }
            act();
        }
    }

    public void Dispose() => Array.ForEach(_shards, static s => s.Dispose());

    private GridConfig ConfigOf(int shard)
    {
        var own = _fleet.Models.Where(m => _shardOf[m.Index] == shard).Select(static m => m.Name).ToHashSet(StringComparer.Ordinal);
        return _fleet.Config with { Agents = _fleet.Config.Agents.RemoveRange(_fleet.Config.Agents.Keys.Where(a => !own.Contains(a))) };
    }

    private void At(TimeSpan time, Action act) => _events.Enqueue(act, (time, _order++));

    private void Later(TimeSpan time, Action act) => At(_clock.Now + time, act);

    // A driver asks the dispatcher for a slot.
    private void Ask(Job job)
    {
        var placed = _placed[job.Index];
        placed.ReadyAt ??= _clock.Now;
        var asking = new Asking(this, job, placed.Deliveries++);
        Later(Hop, () => _shards[_shardOf[job.Model.Index]].Wait(asking.Request));
    }

    private void Grant(Asking asking, TakenSlot slot)
    {
        _shards[_shardOf[asking.Job.Model.Index]].Hold(asking.Key, slot);
        var node = _byName[slot.Node];
        _owners.Occupy(node.Node.Index, slot.Gpu!.Value, +1);
        // The driver keeps it, and sends it there.
        Later(2 * Hop, () => Start(asking, node, slot.Gpu!.Value));
    }

    private void Start(Asking asking, GpuNode node, int gpu)
    {
        if (node.IsDead)
        {
            Lose(asking, node, gpu);
            return;
        }
        var placed = _placed[asking.Job.Index];
        placed.StartedAt = _clock.Now;
        placed.Gpu = node.Node.Index * Fleet.GpusPerNode + gpu;
        placed.WasCold = node.Start(asking.Key, asking.Job.Model, gpu);
        ColdStarts += placed.WasCold ? 1 : 0;
        var lives = node.Lives;
        Later(asking.Job.Work + (placed.WasCold ? asking.Job.Model.LoadTime : TimeSpan.Zero), () =>
        {
            if (node.Lives == lives)
            {
                End(asking, node, gpu);
            }
            else
            {
                Lose(asking, node, gpu);
            }
        });
    }

    private void End(Asking asking, GpuNode node, int gpu)
    {
        node.End(asking.Key);
        _placed[asking.Job.Index].EndedAt = _clock.Now;
        _open--;
        Later(Hop, () =>
        {
            Release(asking, node, gpu);
            AskForChildren(asking.Job);
        });
    }

    private void Release(Asking asking, GpuNode node, int gpu)
    {
        _owners.Occupy(node.Node.Index, gpu, -1);
        _shards[_shardOf[asking.Job.Model.Index]].Release(asking.Key);
    }

    // Its driver hears of it when the cluster says that the node is dead, and asks for another slot.
    private void Lose(Asking asking, GpuNode node, int gpu)
    {
        Lost++;
        Later(DeclaredDead, () =>
        {
            Release(asking, node, gpu);
            Ask(asking.Job);
        });
    }

    private void AskForChildren(Job job)
    {
        if (job.Run is not { } run)
        {
            return;
        }
        foreach (var child in ChildrenOf(run)[job.Task])
        {
            if (--_missing[run.Jobs[child].Index] == 0)
            {
                Ask(_jobs[run.Jobs[child].Index]);
            }
        }
    }

    private int[][] ChildrenOf(GraphRun run)
    {
        if (!_children.TryGetValue(run, out var children))
        {
            var tasks = run.Graph.Tasks;
            _children.Add(run, children =
                [.. Enumerable.Range(0, tasks.Length).Select(i => Enumerable.Range(0, tasks.Length).Where(c => tasks[c].Parents.Contains(i)).ToArray())]);
        }
        return children;
    }

    private void Report(GpuNode node)
    {
        Later(ReportInterval, () => Report(node));
        if (node.IsDead)
        {
            return;
        }
        _owners.Each(node.Node.Index, (s, owned) =>
        {
            var (state, held) = (node.State(owned), node.Held(owned));
            Later(Hop, () => _shards[s].Hear(state, held));
        });
    }

    private void Die(GpuNode node)
    {
        if (node.IsDead)
        {
            return;
        }
        Deaths++;
        node.Die();
        Later(Silence, () => _owners.Each(node.Node.Index, (s, owned) => _shards[s].Put(node.State(owned, isSilent: true))));
        Later(DeclaredDead, () => _owners.Each(node.Node.Index, (s, _) => _shards[s].Lose(node.Name)));
        Later(Downtime, node.Return);
    }

    // Who has attempts that wait gets idle GPUs of those who have none, as a lease that is kept until the next time.
    private void Rebalance()
    {
        Later(Rebalancing, Rebalance);
        foreach (var kind in _fleet.Kinds)
        {
            var waiting = new int[_shards.Length];
            foreach (var model in _fleet.Models.Where(m => m.Kind == kind))
            {
                waiting[_shardOf[model.Index]] += _shards[_shardOf[model.Index]].Slots.Named(model.Name)!.Value.Waiting;
            }
            foreach (var (node, from, to) in _owners.Move(kind, waiting, n => !_nodes[n].IsDead))
            {
                Tell(_nodes[node], from);
                Tell(_nodes[node], to);
            }
        }
    }

    private void Tell(GpuNode node, int shard)
    {
        if (_owners.Owned(node.Node.Index, shard) is not 0 and var owned)
        {
            _shards[shard].Put(node.State(owned));
        }
        else
        {
            _shards[shard].Lose(node.Name);
        }
    }

    private sealed class Asking : ISlotWaiter
    {
        private readonly PlacementSimulation _simulation;

        public Asking(PlacementSimulation simulation, Job job, int delivery)
        {
            _simulation = simulation;
            Job = job;
            Key = $"run_{job.Run?.Index ?? job.Index}/step_{job.Task}/1/{delivery}";
            Request = new SlotRequest(job.Model.Name, 0, DateTimeOffset.UnixEpoch + job.Arrives, this, job.Tenant)
            {
                LongestPath = job.Run?.Behind[job.Task] ?? 0,
            };
        }

        public Job Job { get; }
        public string Key { get; }
        public SlotRequest Request { get; }

        public void OnGranted(TakenSlot slot) => _simulation.Grant(this, slot);

        public void OnDrained()
        {
        }

        public void OnAgentGone() => throw new InvalidOperationException($"'{Job.Model.Name}' is said to be gone.");
    }
}

/// <summary>What became of a job.</summary>
internal sealed class PlacedJob
{
    /// <summary>Since when it could have started.</summary>
    public TimeSpan? ReadyAt { get; set; }

    /// <summary>When it started last.</summary>
    public TimeSpan StartedAt { get; set; }

    public TimeSpan EndedAt { get; set; }
    public int Gpu { get; set; }
    public bool WasCold { get; set; }
    public int Deliveries { get; set; }
    public TimeSpan Wait => StartedAt - ReadyAt!.Value;
}
