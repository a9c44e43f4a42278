using AgentGrid.Core.Config;
using AgentGrid.Core.Runs;
using AgentGrid.Engine;
using AgentGrid.Engine.Admission;
using AgentGrid.Engine.Artifacts;
using AgentGrid.Engine.Children;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Durations;
using AgentGrid.Engine.Invocations;
using AgentGrid.Engine.Registry;
using AgentGrid.Engine.Telemetry;
using AgentGrid.Engine.Webhooks;
using AgentGrid.Simulation.Clock;
using AgentGrid.Simulation.Grid;

namespace AgentGrid.Engine.Tests.Simulation;

/// <summary>A process of the cluster that drives runs, one piece of work at a time.</summary>
internal sealed class SimulatedSilo : Place, IRegistryHost
{
    private readonly World _world;
    private readonly DriverServices _services;

    public SimulatedSilo(World world, SimulatedCluster cluster, string name)
        : base(name)
    {
        _world = world;
        Cluster = cluster;
        Time = new SimulatedTime(world.Clock);
        Platform = new SimulatedWork(world.Random);
        Log = new MistakeLog();
        Registry = new RunRegistry(this, Platform, Time);
        Webhooks = new SimulatedWebhooks(world, this);
        Children = new SimulatedChildren(world, this);
        _services = new DriverServices
        {
            Limits = cluster.Limits,
            Queue = new SimulatedQueue(this),
            Caller = new SimulatedCaller(world, this),
            Children = new ChildRuns(Children, Platform, Time, CancellationToken.None),
            Platform = Platform,
            Time = Time,
            Statistics = new AgentStatistics(),
            Durations = Durations,
            Latencies = new SimulatedLatencies(world),
            Logger = Log,
            RunLogger = Log,
        };
    }

    public SimulatedCluster Cluster { get; }
    public SimulatedTime Time { get; }
    public SimulatedWork Platform { get; }
    public MistakeLog Log { get; }
    public LearnedDurations Durations { get; } = new();
    public RunRegistry Registry { get; }
    public IChildRunHost Children { get; }
    public GridConfig Config => Cluster.Config;
    public IWebhookSender Webhooks { get; }
    public StoredValues? Values => null;
    public CancellationToken Stopping => CancellationToken.None;

    public bool Drives(RunId run) => Array.Exists(Registry.Drivers, d => d.Id == run);

    public AdmissionRefusal? WhyFull(string? tenant) => null;

    public ValueTask<RunState?> ReplayAsync(RunKey key) => ReadAsync(key.ToString(), () =>
        Cluster.Store.Find(key) is { } run ? Cluster.Store.Replay(run) : null);

    public ValueTask<RunState?> ReplayAsync(RunId run) => ReadAsync(
        SimulatedStore.Short(run), () => Cluster.Store.Has(run) ? Cluster.Store.Replay(run) : null);

    public ValueTask<Outage?> LastOutageAsync() => ValueTask.FromResult<Outage?>(null);

    public void DeliveryFailed(RunId run, Exception failure) => _world.Note($"{Name}: {run} could not tell a webhook: {failure.Message}");

    public void ReportFailed(RunId run, Exception failure) => _world.Note($"{Name}: {run} could not be told of an agent: {failure.Message}");

    public void BecameEmpty()
    {
    }

    public RunDriver Drive(RunState state, RunOrigin origin) => new(
        _services, new SimulatedJournal(_world, this, state.Id), new SimulatedSlots(_world, this), state);

    /// <summary>Reads something of the store, until there is an answer.</summary>
    public ValueTask<RunState?> ReadAsync(string what, Func<RunState?> read)
    {
        var answer = new TaskCompletionSource<RunState?>();
        void Try() => Send($"{what} is read", Cluster.Store, () =>
        {
            var state = read();
            Answer($"{what} as it is kept", () => answer.TrySetResult(state), Try);
        }, Try);
        Try();
        return new ValueTask<RunState?>(Platform.Wait(answer.Task));
    }

    /// <summary>Takes a run up that nobody drives, or so it is thought here.</summary>
    public void Resume(RunId run)
    {
        if (!Drives(run) && Cluster.Store.Has(run) && Cluster.Store.Replay(run) is var state && !state.Status.IsEnded())
        {
            _world.Note($"{Name} takes up {SimulatedStore.Short(run)}");
            Registry.Resume(state, outage: null);
        }
    }

    /// <summary>Tells webhooks what a run that has ended owes them, which nobody does, or so it is thought here.</summary>
    public void Deliver(RunId run)
    {
        if (!Registry.Delivers(run) && Cluster.Store.Replay(run) is { OpenDeliveries: > 0 } state && state.Status.IsEnded())
        {
            _world.Note($"{Name} tells what {SimulatedStore.Short(run)} owes");
            Registry.Deliver(state);
        }
    }

    /// <summary>The process is dead: nothing of it is told to anybody any more.</summary>
    public void Die()
    {
        IsDead = true;
        Array.ForEach(Registry.Drivers, static d => d.Abandon());
    }

    /// <summary>Sends something to another part of the cluster, and again after a pause until it has come there.</summary>
    public void Send(string what, Place to, Action deliver, Action? again = null) => _world.Send(
        $"{Name}: {what}", to, deliver, again is null ? null : () => After(0.2, again));

    /// <summary>Answers to what this silo has asked.</summary>
    public void Answer(string what, Action deliver, Action? again = null) => _world.Send(
        $"{Name} is told: {what}", this, deliver, again is null ? null : () => After(0.2, again));

    public void After(double seconds, Action act)
    {
        if (!IsDead)
        {
            ITimer? timer = null;
            timer = Time.CreateTimer(
                _ =>
                {
                    timer!.Dispose();
                    act();
                }, null, TimeSpan.FromSeconds(seconds), Timeout.InfiniteTimeSpan);
        }
    }
}

/// <summary>The work of one process that is ready, and what waits for something that has come.</summary>
internal sealed class SimulatedWork(Random random) : Platform
{
    private readonly List<IThreadPoolWorkItem> _ready = [];
    private readonly SimulatedWaits _waits = new();

    public int Ready => _ready.Count + _waits.Ready;

    public override Task<T> Wait<T>(Task<T> task) => _waits.Wait(task);

    public override Task Wait(Task task) => _waits.Wait(task);

    public void When(Task task, Action then) => _waits.When(task, then);

    public override void Queue(IThreadPoolWorkItem work, bool preferLocal) => _ready.Add(work);

    public override Guid NewId(DateTimeOffset now)
    {
        Span<byte> id = stackalloc byte[16];
        random.NextBytes(id);
        return new Guid(id);
    }

    public override ulong NewSeed() => (ulong)random.NextInt64();

    public void RunOne()
    {
        var index = random.Next(Ready);
        if (index < _ready.Count)
        {
            var work = _ready[index];
            _ready.RemoveAt(index);
            work.Execute();
            return;
        }
        _waits.Continue(index - _ready.Count);
    }
}
