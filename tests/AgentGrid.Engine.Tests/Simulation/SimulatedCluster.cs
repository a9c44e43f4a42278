using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Tests.Simulation;

/// <summary>
/// Drivers of runs in a cluster that a seed decides: several silos over one store, one dispatcher and some nodes; what is
/// sent gets lost and comes late, silos and nodes fall silent and die, the dispatcher moves, runs have two drivers.
/// Whatever clients were told must be kept, every turn must follow from those before it, every run must end, and nothing
/// must be left in the end.
/// </summary>
internal sealed partial class SimulatedCluster
{
    private const int MostSteps = 60_000;
    private static readonly TimeSpan s_longestLife = TimeSpan.FromHours(3);

    private readonly World _world;
    private readonly List<SimulatedSilo> _silos = [];
    private readonly List<(SimulatedSilo Silo, string What, Task Answer, Action Then)> _clients = [];
    private readonly Dictionary<string, int> _innocentCrashes = new(StringComparer.Ordinal);
    private readonly int _actions;

    // Where runs are counted together few run at once, so that less of all else happens.
    private readonly bool _hasGroups, _supersedes;
    private string? _poison;
    private int _started;

    public SimulatedCluster(int seed, Mistake mistake)
    {
        _world = new World(seed, mistake);
        (_hasGroups, _supersedes) = (seed % 2 == 0, seed % 2 == 1 || seed % 10 == 0);
        HasPoison = _world.Chance(40);
        Limits = new RunLimits { MaxLosses = _world.Random.Next(Isolation.MostInCompany, 7), WebhookRetryAfter = TimeSpan.FromSeconds(0.1) };
        Store = new SimulatedStore(_world, this);
        Dispatcher = new SimulatedDispatcher(_world, this);
        for (var i = 0; i < 4; i++)
        {
            Agents.Add($"agent{i}", new AgentConfig
            {
                Name = $"agent{i}",
                Capabilities = [i < 3 ? "work" : "other"],
                Priority = _world.Random.Next(3),
                MaxConcurrency = _world.Random.Next(1, 4),
                Timeout = TimeSpan.FromSeconds(_world.Random.Next(1, HasPoison ? 60 : 10)),
                Breaker = SimulatedHealth.Policy,
                Retry = new RetryPolicy { MaxAttempts = _world.Random.Next(1, 4), Jitter = 0.5 },
                Resources = new AgentResources(i % 2 == 0 ? 1 : 0),
            });
        }
        MostRuns = _world.Random.Next(1, 6);
        Config = ConfigOf(Agents.Values, PlansOf(_world.Random, _hasGroups));
        for (var i = 0; i < 6; i++)
        {
            _requests.Add(MakeRequests(new RunKey($"m{i % 4}", $"{i}")));
        }
        for (var i = _world.Random.Next(1, 4); i > 0; i--)
        {
            StartSilo();
            if (!HasPoison || Nodes.Count == 0)
            {
                StartNode();
            }
        }
        _actions = _world.Random.Next(100, 600);
    }

    public SimulatedStore Store { get; }
    public SimulatedDispatcher Dispatcher { get; }
    public List<SimulatedNode> Nodes { get; } = [];
    public SortedDictionary<string, AgentConfig> Agents { get; } = new(StringComparer.Ordinal);
    public GridConfig Config { get; }
    public int MostRuns { get; }
    public RunLimits Limits { get; }
    public int Invocations { get; set; }
    public int Deaths { get; private set; }
    public int Doubles { get; private set; }

    /// <summary>There is an attempt that ends the process that it runs in.</summary>
    public bool HasPoison { get; }
    public int Poisonings { get; private set; }
    public int Lost { get; private set; }
    public int Signals { get; private set; }
    public int Deliveries { get; private set; }
    public int Rejected { get; private set; }
    public int Yields { get; private set; }

    /// <summary>How many backups were refused, as drivers have heard it.</summary>
    public int Refusals { get; set; }

    /// <summary>How often a run was started while others of its group were there.</summary>
    public int Shared { get; set; }

    /// <summary>How often a run took the key of another.</summary>
    public int Superseded { get; set; }
    public World World => _world;

    /// <returns>The promise that was broken; null when all were kept.</returns>
    public string? Run()
    {
        for (var i = 0; i < _actions && IsWell(); i++)
        {
            if (_world.Chance(12))
            {
                ActAsClient();
            }
            else if (_world.Chance(4))
            {
                Harm();
            }
            else
            {
                GoOn();
            }
        }
        if (IsWell())
        {
            Settle();
        }
        if (IsWell())
        {
            CheckInnocence();
            CheckSignals();
            CheckDeliveries();
            CheckGenerations();
            CheckChildren();
        }
        return _world.Broken;
    }

    private bool IsWell()
    {
        for (var i = 0; i < _clients.Count; i++)
        {
            if (_clients[i].Answer.IsCompleted)
            {
                var (_, _, _, then) = _clients[i];
                _clients.RemoveAt(i--);
                then();
            }
        }
        foreach (var silo in _silos)
        {
            _world.Check(silo.Log.Mistake is null, $"{silo.Name}: {silo.Log.Mistake}");
        }
        return _world.Broken is null;
    }

    // One of the things that can happen next.
    private void GoOn()
    {
        switch (_world.Random.Next(8))
        {
            case < 3: DoWork(); break;
            case < 6: _world.Arrive(); break;
            case 6: Pick(Nodes.Where(IsThere))?.Act(); break;
            default: PassTime(); break;
        }
        if (_world.Chance(4))
        {
            Report();
        }
    }

    private bool DoWork()
    {
        if (Pick(_silos.Where(static s => IsThere(s) && s.Platform.Ready > 0)) is not { } silo)
        {
            return false;
        }
        silo.Platform.RunOne();
        return true;
    }

    private void PassTime()
    {
        if (FireOne())
        {
            return;
        }
        var step = TimeSpan.FromMilliseconds(_world.Random.Next(_world.Chance(30) ? 2_000 : 100));
        _world.Clock.MoveTo(NextDue() is { } due && _world.Chance(50) ? due : _world.Clock.Now + step);
    }

    private bool FireOne() => Pick(_silos.Where(s => IsThere(s) && s.Time.NextDue <= _world.Clock.Now))?.Time.FireOne() == true;

    private TimeSpan? NextDue() => _silos.Where(IsThere).Min(static s => s.Time.NextDue);

    // What nodes and the dispatcher do from time to time; and somebody looks for runs that nobody drives.
    private void Report()
    {
        if (Pick(Nodes.Where(static n => IsThere(n) && !n.IsGone)) is { } node)
        {
            var held = node.Held();
            _world.Send($"what {node.Name} holds", Dispatcher, () =>
            {
                if (!node.IsGone)
                {
                    Dispatcher.Take(node, held);
                }
            });
        }
        if (_world.Chance(20))
        {
            Dispatcher.CheckPlaces();
        }
        if (_world.Chance(20) || _world.IsHealed)
        {
            Recover();
        }
        if (_world.Chance(3))
        {
            LookAfterChildren();
        }
    }

    private void Recover()
    {
        if (_world.Mistake == Mistake.ForgetsRuns)
        {
            return;
        }
        foreach (var run in Store.Runs.Where(r => !Store[r].Status.IsEnded() && !_silos.Exists(s => s.Drives(r))))
        {
            Pick(_silos.Where(IsThere))?.Resume(run);
        }
        foreach (var run in Store.Runs.Where(r => Store[r].Status.IsEnded() && Store[r].OpenDeliveries > 0
            && _world.Mistake != Mistake.ForgetsWebhooks))
        {
            if (!_silos.Exists(s => !s.IsDead && s.Registry.Delivers(run)) || _world.Chance(10))
            {
                Pick(_silos.Where(IsThere))?.Deliver(run);
            }
        }
    }

    /// <summary>No more faults: every run ends, and nothing is left.</summary>
    private void Settle()
    {
        _world.Note("from now on all is well");
        _world.Heal();
        Dispatcher.UndrainAll();
        foreach (var place in _silos.Cast<Place>().Concat(Nodes))
        {
            place.IsFrozen = false;
        }
        var latest = _world.Clock.Now + s_longestLife;
        for (var steps = 0; IsWell() && !IsSettled(); steps++)
        {
            _world.Check(steps < MostSteps, $"after {steps} steps there is still something to do: {WhatIsLeft()}");
            _world.Check(_world.Clock.Now < latest, $"after hours there is still something to do: {WhatIsLeft()}");
            if (_world.Chance(5))
            {
                StopDoubles();
                Report();
            }
            if (!DoWork() && !_world.Arrive() && !Nodes.Exists(static n => IsThere(n) && n.Act()) && !FireOne())
            {
                var next = _world.Clock.Now + TimeSpan.FromSeconds(1);
                _world.Clock.MoveTo(NextDue() is { } due && due < next ? due : next);
                Report();
            }
        }
        _world.Check(
            _world.Broken is not null || Store.Runs.All(r => Store.Replay(r).Status == Store[r].Status), "a replay does not lead where the turns did");
    }

    // Of two drivers of a run one stops, as when silos agree again on who has a grain.
    private void StopDoubles()
    {
        foreach (var drivers in _silos.SelectMany(static s => s.Registry.Drivers).GroupBy(static d => d.Id).ToArray())
        {
            foreach (var driver in drivers.Skip(1))
            {
                _ = driver.StopAsync();
            }
        }
    }

    private bool IsSettled() => Store.Runs.All(r => Store[r].Status.IsEnded() && Store[r].OpenDeliveries == 0) && !_world.HasFlights && _clients.Count == 0
        && _silos.All(static s => s.Platform.Ready == 0 && s.Registry.IsEmpty) && Nodes.All(static n => n.IsDead || n.IsIdle)
        && Dispatcher.IsIdle;

    private string WhatIsLeft() =>
        $"runs {string.Join(' ', Store.Runs.Where(r => !Store[r].Status.IsEnded()).Select(r => $"{SimulatedStore.Short(r)}:{Store[r].Status}"))}; " +
        $"drivers {string.Join(' ', _silos.SelectMany(static s => s.Registry.Drivers.Select(d => $"{s.Name}:{SimulatedStore.Short(d.Id)}:{d.Summary.Status}")))}; " +
        $"clients {string.Join("; ", _clients.Select(static c => c.What))}; {Dispatcher}; " +
        $"nodes {string.Join(' ', Nodes.Where(static n => !n.IsDead).Select(static n => $"{n.Name}:{n.Held().Length}"))}";

    private void StartSilo() => _silos.Add(new SimulatedSilo(_world, this, $"silo{++_started}"));

    private void StartNode() => Nodes.Add(new SimulatedNode(_world, this, $"node{++_started}"));

    private static bool IsThere(Place place) => place is { IsDead: false, IsFrozen: false };

    private T? Pick<T>(IEnumerable<T> from)
        where T : class
    {
        T[] all = [.. from];
        return all.Length == 0 ? null : all[_world.Random.Next(all.Length)];
    }
}
