using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Slots;
using AgentGrid.Engine.Tests.Simulation;

namespace AgentGrid.Engine.Tests.Slots;

/// <summary>
/// Whatever can be asked of a slot table, in any order and more than once, while nodes come and go and the
/// configuration changes. After each step what the table has counted is compared with the requests and the slots
/// themselves.
/// </summary>
internal sealed partial class SlotSimulation
{
    /// <summary>What has to happen often enough.</summary>
    public static readonly ImmutableArray<string> Rarities =
    [
        "withdrawn before it waits", "withdrawn while it waits", "withdrawn after the grant", "withdrawn again",
        "asked again", "asked after it was withdrawn", "told that the agent is gone", "told that the agent is drained", "released again",
        "released after the node was gone", "granted at once", "granted later", "kept apart no longer",
        "kept apart no longer, which it was not", "waits for other company", "works on a node again", "fails on a node",
        "a backup within its budget", "a backup over its budget",
    ];

    /// <summary>What happens less often than the others.</summary>
    public static readonly ImmutableArray<string> Rarest =
        ["a backup over its budget of GPU-seconds", "finds out whether its agent works on a node again", "waits for another node"];

    private const int Steps = 310;
    private const int MostAskers = 12;
    private static readonly string[] s_agents = ["a0", "a1", "a2"];
    private static readonly string[] s_queues = ["q0", "q1"];

    private readonly Random _random;
    private readonly int _seed;
    private readonly SortedDictionary<string, int> _counts;
    private readonly ManualTime _time = new();
    private readonly MistakenTable _table;
    private readonly List<string> _history = [];
    private readonly SortedDictionary<string, NodeState> _nodes = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, AgentConfig> _agents = new(StringComparer.Ordinal);
    private readonly HashSet<string> _drained = [];
    private readonly List<Held> _held = [];
    private readonly List<TakenSlot> _givenBack = [];
    private readonly List<TakenSlot> _lost = [];
    private readonly List<Asker> _askers = [];
    private GridConfig _config = new();
    private Asker? _asking;
    private bool _isClosed;

    public SlotSimulation(int seed, SlotMistake mistake, SortedDictionary<string, int> counts)
    {
        _random = new Random(seed);
        _seed = seed;
        _counts = counts;
        _table = new MistakenTable(mistake, _time);
    }

    private enum Stage
    {
        New,
        Waiting,
        Granted,
        Over,
    }

    /// <exception cref="SimulationFailure">The table is wrong.</exception>
    public void Run()
    {
        try
        {
            Configure();
            for (var i = 0; i < Steps; i++)
            {
                Step();
                Check();
            }
            Close();
            Check();
        }
        catch (Exception e) when (e is not SimulationFailure)
        {
            Fail($"the table throws: {e}");
        }
    }

    private void Step()
    {
        switch (_random.Next(33))
        {
            case 0: Configure(); break;
            case 1 or 2: PutNode(); break;
            case 3 when _nodes.Count > 0: RemoveNode(); break;
            case 4 when _nodes.Count > 0: Adopt(); break;
            case 5: Drain(); break;
            case 6 or 7: Take(); break;
            case 8 or 9 or 10 or 11: Make(); break;
            case 12 or 13 or 14 or 15 when _askers.Count > 0: Ask(AnyToAsk()); break;
            case 16 or 17 or 18 when _askers.Count > 0: Withdraw(Any(_askers)); break;
            case 19 when _givenBack.Count > 0: ReleaseAgain(Any(_givenBack), "released again"); break;
            case 20 when _lost.Count > 0: ReleaseAgain(Any(_lost), "released after the node was gone"); break;
            case 21 or 22 or 23 when _held.Count > 0: Release(Any(_held)); break;
            case 26 or 27: PassTime(); break;
            case > 27 when _nodes.Count > 0: Report(); break;
            case 24 or 25 when _held.Count + _givenBack.Count > 0: Clear(); break;
            default: break; // there is nothing to do it with
        }
    }

    // Nothing is granted any more, and everything comes back.
    private void Close()
    {
        Note("the table is closed");
        _isClosed = true;
        _table.Table.Drain();
        Ask(Make());
        Check();
        _askers.ForEach(Withdraw);
        while (_held.Count > 0)
        {
            Release(_held[0]);
        }
    }

    private void Take()
    {
        var agent = Any(s_agents);
        Note($"a slot of {agent} is taken");
        var free = !_askers.Exists(a => a.IsWaitingFor(agent)) && _nodes.Values.Any(n => HasRoom(agent, n));
        var hedged = AnyHedged(canBeBackup: false);
        var slot = _table.TryTake(agent, _random.Next(2) == 0 ? null : AnyNode(), hedged);
        That(slot is not null == free, $"a slot of '{agent}' is {(free ? "refused, and" : "given, and none")} is free");
        if (slot is not null)
        {
            OnTaken(agent, slot);
            OnStarted(hedged, agent, slot);
        }
    }

    private Asker Make()
    {
        // Of what has had its end only some is kept, so that the rest is met often enough.
        if (_askers.Count > MostAskers)
        {
            _askers.RemoveAll(a => a.Stage is Stage.Granted or Stage.Over && _random.Next(2) == 0);
        }
        int? gpu = _random.Next(2) == 0 ? _random.Next(3) : null;
        var asker = new Asker(this, Any(s_agents), $"t{_random.Next(3)}", gpu);
        asker.Request = new SlotRequest(
            asker.Agent, _random.Next(3), DateTimeOffset.UnixEpoch.AddSeconds(_random.Next(3)), asker, asker.Tenant)
        {
            Flow = _random.Next(2) == 0 ? $"f{_random.Next(3)}" : null,
            Near = AnyNode(),
            Gpu = gpu,
            Isolation = AnyIsolation(),
            Hedged = _table.Take(asker.Hedged),
        };
        _askers.Add(asker);
        return asker;
    }

    private void Ask(Asker asker)
    {
        Note($"{asker} waits");
        var before = asker.Stage;
        if (before == Stage.New)
        {
            asker.Stage = Stage.Waiting;
            _asking = asker;
            _table.Wait(asker.Request);
            _asking = null;
            That(
                asker.IsRefused || asker.Stage == Stage.Over == !IsEnabled(asker.Agent),
                $"{asker} is told that its agent is gone, or is not, and it is the other way round");
            return;
        }
        Count(before == Stage.Over ? "asked after it was withdrawn" : "asked again");
        _table.Wait(asker.Request);
        That(asker.Stage == before, $"{asker} was {before} before it was asked again");
    }

    private void Withdraw(Asker asker)
    {
        Note($"{asker} is withdrawn");
        Count(asker.Stage switch
        {
            Stage.New => "withdrawn before it waits",
            Stage.Waiting => "withdrawn while it waits",
            Stage.Granted => "withdrawn after the grant",
            _ => "withdrawn again",
        });
        var granted = asker.Stage == Stage.Granted;
        asker.Stage = granted ? Stage.Granted : Stage.Over;
        That(_table.Withdraw(asker.Request) == !granted, $"the withdrawal of {asker} says what is not so");
        if (granted && _held.Find(h => h.Slot == asker.Slot) is { } held)
        {
            Release(held);
        }
    }

    private void OnGranted(Asker asker, TakenSlot slot)
    {
        Note($"  {asker} is granted a slot on {slot.Node}");
        That(asker.Stage == Stage.Waiting, $"{asker} is granted a slot, and does not wait");
        Count(asker == _asking ? "granted at once" : "granted later");
        asker.Stage = Stage.Granted;
        asker.Slot = slot;
        OnTaken(asker.Agent, slot, asker.Gpu, asker.Request.Isolation);
        OnStarted(asker.Hedged, asker.Agent, slot);
    }

    private void OnDrained(Asker asker)
    {
        Note($"  {asker} is told that its agent is drained");
        Count("told that the agent is drained");
        That(asker.Stage == Stage.Waiting, $"{asker} is told that its agent is drained, and does not wait");
        That(_drained.Contains(asker.Agent), $"{asker} is told that its agent is drained, and it is not");
        That(!asker.IsTold, $"{asker} is told again that its agent is drained");
        asker.IsTold = true;
    }

    private void OnAgentGone(Asker asker)
    {
        Note($"  {asker} is told that its agent is gone");
        Count("told that the agent is gone");
        That(asker.Stage == Stage.Waiting, $"{asker} is told that its agent is gone, and does not wait");
        That(!IsEnabled(asker.Agent), $"{asker} is told that its agent is gone, and it is not");
        asker.Stage = Stage.Over;
    }

    private void Release(Held held)
    {
        Note($"a slot of {held.Agent} on {held.Node} is released");
        _held.Remove(held);
        _givenBack.Add(held.Slot);
        _table.Release(held.Slot);
    }

    private void ReleaseAgain(TakenSlot slot, string what)
    {
        Note($"a slot of {slot.Agent.Config.Name} on {slot.Node} is {what}");
        Count(what);
        _table.Release(slot);
    }

    // What runs already is counted wherever it runs, room or not, and of agents that nobody knows.
    private void Adopt()
    {
        var (agent, node) = (Any(s_agents), _nodes[AnyNode()!]);
        if (!_agents.TryGetValue(agent, out var config))
        {
            _agents.Add(agent, config = new AgentConfig { Name = agent, Queue = AgentDefaults.Queue, Enabled = false });
            ForgetFailures((of, _) => of == agent); // of another policy nothing is remembered
        }
        var bytes = config.Resources.GpuMemoryBytes;
        int? gpu = bytes > 0 && node.Gpus is { IsEmpty: false } gpus && _random.Next(3) > 0 ? Any(gpus).Index : null;
        Note($"{agent} runs on {node.Name}, GPU {gpu}");
        var isolation = AnyIsolation();
        var slot = _table.Adopt(agent, node.Name, gpu, isolation);
        That(gpu is null || gpu == slot.Gpu, $"'{agent}' runs on GPU {gpu}, and GPU {slot.Gpu} is said to be occupied");
        _held.Add(new Held(agent, node.Name, slot.Gpu, slot.Gpu is null ? 0 : bytes, slot, isolation));
    }

    private void Drain()
    {
        var (agent, drained) = (Any(s_agents), _random.Next(3) == 0);
        Note($"{agent} is {(drained ? "drained" : "undrained")}");
        var known = _agents.ContainsKey(agent);
        _drained.Remove(agent);
        if (drained && known)
        {
            _drained.Add(agent);
        }
        That(_table.Drain(agent, drained) == known, $"'{agent}' is drained, or is not, and it is the other way round");
    }

    private void RemoveNode()
    {
        var node = AnyNode()!;
        Note($"{node} is gone");
        _nodes.Remove(node);
        ForgetFailures((_, at) => at == node);
        _lost.AddRange(_held.Where(h => h.Node == node).Select(h => h.Slot));
        _held.RemoveAll(h => h.Node == node);
        _table.RemoveNode(node);
    }

    private void PutNode()
    {
        var node = new NodeState
        {
            Name = $"n{_random.Next(4)}",
            Queues = _random.Next(3) == 0 ? null : [Any(s_queues)],
            Gpus = _random.Next(4) == 0 ? null :
            [
                .. Enumerable.Range(0, _random.Next(3))
                    .Select(i => new GpuState(i, "gpu", _random.Next(2, 9), _random.Next(4), AnyUse())
                    {
                        WarmAgents = _random.Next(2) == 0 ? [] : [Any(s_agents)],
                    }),
            ],
            Draining = _random.Next(5) == 0,
            WarmAgents = _random.Next(2) == 0 ? [] : [Any(s_agents)],
        };
        Note($"{node.Name} is there");
        _nodes[node.Name] = node;
        _table.PutNode(node);
    }

    private void Configure()
    {
        var config = new GridConfig
        {
            Agents = s_agents.Where(_ => _random.Next(6) > 0).Select(name => new AgentConfig
            {
                Name = name,
                Enabled = _random.Next(8) > 0,
                MaxConcurrency = _random.Next(1, 4),
                MaxConcurrencyTotal = _random.Next(2) == 0 ? null : _random.Next(1, 6),
                Queue = Any(s_queues),
                Breaker = s_breaker,
                Resources = new AgentResources(_random.Next(2) == 0 ? 0 : _random.Next(5)),
            }).ToImmutableSortedDictionary(a => a.Name, a => a),
            Queues = s_queues.ToImmutableSortedDictionary(
                q => q, q => new QueueConfig(q, _random.Next(2) == 0 ? null : _random.Next(1, 5))),
        };
        Note($"configured: {string.Join(' ', config.Agents.Values.Select(a => $"{a.Name}:{a.Queue}:{a.Enabled}"))}");
        _config = config;
        foreach (var removed in _agents.Keys.Except(config.Agents.Keys).ToArray())
        {
            _agents[removed] = _agents[removed] with { Enabled = false };
        }
        foreach (var agent in config.Agents.Values)
        {
            if (_agents.GetValueOrDefault(agent.Name)?.Breaker != agent.Breaker)
            {
                ForgetFailures((of, _) => of == agent.Name);
            }
            _agents[agent.Name] = agent;
        }
        _table.Configure(config);
    }

    // Mostly one that has not been asked.
    private Asker AnyToAsk() =>
        _random.Next(4) > 0 && _askers.Find(a => a.Stage == Stage.New) is { } made ? made : Any(_askers);

    private int AnyUse() => _random.Next(2) == 0 ? 0 : _random.Next(1, 7);

    private string? AnyNode() => _nodes.Count == 0 ? null : Any([.. _nodes.Keys]);

    private T Any<T>(IReadOnlyList<T> of) => of[_random.Next(of.Count)];

    private void Count(string what) => _counts[what] = _counts.GetValueOrDefault(what) + 1;

    private void Note(string what) => _history.Add(what);

    private sealed record Held(string Agent, string Node, int? Gpu, long Bytes, TakenSlot Slot, Isolation? Isolation);

    private sealed class Asker(SlotSimulation simulation, string agent, string tenant, int? gpu) : ISlotWaiter
    {
        public string Agent { get; } = agent;
        public string Tenant { get; } = tenant;
        public int? Gpu { get; } = gpu;
        public SlotRequest Request { get; set; } = null!;
        public Stage Stage { get; set; }
        public TakenSlot? Slot { get; set; }

        public bool IsWaitingFor(string agent) => Stage == Stage.Waiting && Agent == agent;

        public override string ToString() => $"the request of {Tenant} for {Agent} ({Stage})";

        public void OnGranted(TakenSlot slot)
        {
            if (simulation._table.Tells)
            {
                simulation.OnGranted(this, slot);
            }
        }

        /// <summary>It was a backup for which there was no budget.</summary>
        public bool IsRefused { get; set; }

        public HedgedStep? Hedged { get; } = simulation.AnyHedged(canBeBackup: true);

        public void OnHedgeRefused(string reason) => simulation.OnRefused(this);

        /// <summary>It has been told that its agent is drained.</summary>
        public bool IsTold { get; set; }

        public void OnDrained() => simulation.OnDrained(this);

        public void OnAgentGone() => simulation.OnAgentGone(this);
    }
}
