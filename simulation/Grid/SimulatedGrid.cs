using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Durations;
using AgentGrid.Engine.Slots;
using AgentGrid.Simulation.Clock;

namespace AgentGrid.Simulation.Grid;

/// <summary>
/// A grid on a virtual clock: the drivers of runs, the run machine, the queue, the router, slots and placement are those of
/// the engines; agents are asked of a model, and the journal is in memory. One thing happens at a time, and the same things
/// for the same seed.
/// </summary>
public sealed class SimulatedGrid
{
    private readonly SimulationSetup _setup;
    private readonly Random _random;
    private readonly SimulatedTime _time;
    private SlotTable _table = null!;
    private SimulatedProcess? _process;
    private DateTimeOffset _diedAt;

    /// <summary>Makes one, in which nothing has happened yet.</summary>
    public SimulatedGrid(SimulationSetup setup)
    {
        _setup = setup;
        _random = new Random(setup.Seed);
        Clock = new SimulatedClock(setup.Start);
        _time = new SimulatedTime(Clock);
        Store = new SimulatedStore(setup.KeepsRuns);
        Calls = new SimulatedCalls(setup, _time) { Table = () => _table };
        MakeTable();
        _process = new SimulatedProcess(this, setup, _table, _random, outage: null);
    }

    /// <summary>Its clock.</summary>
    public SimulatedClock Clock { get; }

    /// <summary>All runs that are kept.</summary>
    public IReadOnlyCollection<KeptRun> Runs => Store.Runs;

    /// <summary>What the engine calls a mistake of its own.</summary>
    public MistakeLog Log { get; } = new();

    /// <summary>Whether there is a process that drives runs.</summary>
    public bool IsUp => _process is not null;

    /// <summary>Told when more runs than a limit lets, and where; null for nobody.</summary>
    public Action<string, string>? LimitBroken
    {
        get => Calls.LimitBroken;
        set => Calls.LimitBroken = value;
    }

    /// <summary>What is known of durations; a process that begins reads it from the journal, so it outlives each.</summary>
    internal LearnedDurations Durations { get; } = new();

    internal SimulatedStore Store { get; }
    internal SimulatedCalls Calls { get; }

    /// <summary>Posts a run. There must be a process.</summary>
    /// <param name="id">Its id; null for any.</param>
    /// <param name="seed">Where its chance comes from; null for any.</param>
    public SubmitResult Submit(SubmitRun submit, RunId? id = null, ulong? seed = null)
    {
        var process = _process ?? throw new InvalidOperationException("No process is there to post to.");
        (process.Thread.NextId, process.Thread.NextSeed) = (id is { } known ? Guid.Parse(known.Value) : null, seed);
        var answer = process.Registry.SubmitAsync(submit);
        process.Thread.RunAll();
        return answer.IsCompleted ? answer.Result : throw new InvalidOperationException("A run was neither accepted nor refused.");
    }

    /// <summary>Tells a run something; nothing happens when it is not driven.</summary>
    public void Post(RunId run, RunInput input) => _process?.Registry.Find(run)?.Post(input);

    /// <summary>Does something later.</summary>
    public void After(TimeSpan time, Action act) => _time.After(time, act);

    /// <summary>Lets all happen that happens until a time, and stops there.</summary>
    public void RunUntil(TimeSpan time)
    {
        while (Step(time))
        {
        }
        Clock.MoveTo(time);
    }

    /// <summary>Lets the next thing happen, if that is not after a time.</summary>
    /// <returns>False when nothing was left to happen until then.</returns>
    public bool Step(TimeSpan latest)
    {
        _process?.Thread.RunAll();
        var next = Earlier(_time.NextDue, _process?.Time.NextDue);
        if (next is not { } due || due > latest)
        {
            return false;
        }
        Clock.MoveTo(due);
        if (!_time.FireOne())
        {
            _process?.Time.FireOne();
        }
        _process?.Thread.RunAll();
        return true;
    }

    /// <summary>A node dies; with the only one, the process dies. Nothing happens when it is dead.</summary>
    public void KillNode(string name)
    {
        if (_setup.IsOneProcess)
        {
            KillProcess();
        }
        else if (_table.RemoveNode(name))
        {
            Calls.Lose(name);
        }
    }

    /// <summary>A node comes back; with the only one, the process is started.</summary>
    public void StartNode(string name)
    {
        if (_setup.IsOneProcess)
        {
            StartProcess();
            return;
        }
        _table.PutNode(_setup.Nodes.Single(n => n.Name == name));
    }

    /// <summary>The process dies that drives the runs. Nothing happens when it is dead.</summary>
    public void KillProcess()
    {
        if (_process is not { } process)
        {
            return;
        }
        _process = null;
        _diedAt = Clock.WallTime;
        process.Die();
        if (_setup.IsOneProcess)
        {
            Calls.Stop();
            MakeTable();
        }
    }

    /// <summary>A process begins to drive the runs that have not ended. Nothing happens when there is one.</summary>
    public void StartProcess()
    {
        if (_process is not null)
        {
            return;
        }
        _process = new SimulatedProcess(this, _setup, _table, _random, new Outage(_diedAt, Clock.WallTime));
        _process.Resume();
    }

    /// <summary>What the nodes do now.</summary>
    public ImmutableArray<NodeUsage> Nodes() => _table.Nodes();

    internal void Keep(RunState state, RunEvent[] events)
    {
        Store.Keep(state, events);
        _setup.Turned?.Invoke(state, events);
    }

    private void MakeTable()
    {
        // What becomes possible by time alone is the table's, and outlives processes where others have nodes.
        var thread = new TableThread();
        _table = new SlotTable(_time, thread);
        foreach (var node in _setup.Nodes)
        {
            _table.PutNode(node);
        }
        _table.Configure(_setup.Config);
    }

    private static TimeSpan? Earlier(TimeSpan? one, TimeSpan? other) => one is null || other < one ? other : one;

    /// <summary>A table that is woken works at once.</summary>
    private sealed class TableThread : Engine.Platform
    {
        public override void Queue(IThreadPoolWorkItem work, bool preferLocal) => work.Execute();
    }
}
