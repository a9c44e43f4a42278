using System.Collections.Concurrent;
using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Engine;
using AgentGrid.Engine.Agents;
using AgentGrid.Engine.Artifacts;
using AgentGrid.Engine.Configuration;
using AgentGrid.Engine.Invocations;
using AgentGrid.Engine.Slots;
using AgentGrid.Engine.Telemetry;
using AgentGrid.GrainInterfaces.Agents;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AgentGrid.Grains.Nodes;

/// <summary>
/// This silo as a node: its agents, what runs on them, and its slots. The dispatcher decides what comes here; should two
/// of them have disagreed for a moment, what is too much waits here, so that the limits hold exactly all the same.
/// </summary>
internal sealed partial class Node : ILocalNode, IDisposable, IAsyncDisposable
{
    private static readonly TimeSpan Orphaned = TimeSpan.FromSeconds(60);

    // A grain that must move, because a silo has died, does so when it has answered all calls: so none waits for long.
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LastAnswers = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan KeepResults = TimeSpan.FromSeconds(30);

    // What whoever drives a run had no time to record before its silo died: a second's worth of the fastest agents, and
    // half a minute's of those that take their time.
    private const int MostResults = 1_000;

    private readonly ILocalSiloDetails _silo;
    private readonly Gpus _gpus;
    private readonly ConcurrentDictionary<string, NodeInvocation> _invocations = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<NodeInvocation> _ended = new();

    // Calls overtake each other on their way: what was cancelled before it came, and when.
    private readonly ConcurrentDictionary<string, long> _unwanted = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _warm = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _closing = new();
    private readonly DateTimeOffset _since;
    private readonly long _began;
    private volatile bool _draining;
    private volatile ImmutableHashSet<string> _drained = [];

    public Node(
        IOptions<ClusterEngineOptions> options, AgentCatalog catalog, Func<AgentDeclaration, IAgent> createAgent,
        IServiceProvider services, TimeProvider time, ILocalSiloDetails silo, IGrainFactory grains, ReleasedSlots released,
        Gpus gpus, ILogger<Node> logger)
    {
        Options = options.Value;
        Time = time;
        Grains = grains;
        Released = released;
        Logger = logger;
        (_since, _began) = (time.GetUtcNow(), time.GetTimestamp());
        _silo = silo;
        _gpus = gpus;
        Config = new ConfigSource(ConfigFolder.Find(Options.Config), catalog, time, logger);
        Config.Start();
        var permits = new StartPermits(silo, grains, time, logger);
        Invocations = new InvocationServices
        {
            Node = silo.Name,
            Agents = new AgentInstances(catalog, createAgent, KindContext(services), Serves, logger),
            Slots = Slots,
            IsDrained = agent => Drained.Contains(agent),
            AwaitStart = permits.AwaitAsync,
            SettleCall = (call, tokens) => released.Add(permits.SlotOf(call), tokens),
            Running = Running,
            Abandoned = Abandoned,
            Platform = Platform.Process,
            Time = time,
            Logger = logger,
            CancelGrace = Options.CancelGrace,
            MaxOutputBytes = Options.MaxOutputBytes,
            Artifacts = (IArtifactStore?)services.GetService(typeof(IArtifactStore)),
        };
        Configure(Config.Current);
        Slots.PutNode(State());
        Config.Changed += Configure;
    }

    public string Name => _silo.Name;
    public SiloAddress Address => _silo.SiloAddress;
    public ClusterEngineOptions Options { get; }
    public ConfigSource Config { get; }
    public TimeProvider Time { get; }
    public IGrainFactory Grains { get; }
    public ReleasedSlots Released { get; }
    public ILogger Logger { get; }

    /// <summary>The slots of this node alone.</summary>
    public SlotTable Slots { get; } = new();

    /// <summary>The agents that are to take nothing new, as far as this node has heard: the dispatcher decides it.</summary>
    public ImmutableHashSet<string> Drained
    {
        get => _drained;
        set => _drained = value;
    }

    /// <summary>How attempts ended, as the runs that are driven here have seen it.</summary>
    public AgentStatistics Statistics { get; } = new();

    /// <summary>How many invocations have not returned.</summary>
    public InvocationCount Running { get; } = new();

    /// <summary>The invocations that were cancelled and have not returned.</summary>
    public AbandonedInvocations Abandoned { get; } = new();

    /// <summary>What invocations need.</summary>
    public InvocationServices Invocations { get; }

    public bool IsDraining => _draining;
    public int HeldSlots => _invocations.Values.Count(i => i.HoldsSlot);

    /// <summary>Invokes an agent, or joins the invocation that has the slot already.</summary>
    public Task<InvocationReply> InvokeAsync(InvocationRequest request)
    {
        var invocation = new NodeInvocation(this, request);
        var owner = _invocations.GetOrAdd(request.Slot, invocation);
        if (owner != invocation)
        {
            invocation.Discard();
            return owner.WaitAsync();
        }
        _warm[request.Agent] = true;
        invocation.Start();
        if (_unwanted.TryRemove(request.Slot, out _))
        {
            invocation.Cancel();
        }
        return invocation.WaitAsync();
    }

    public Task<InvocationReply> JoinAsync(string slot) => _invocations.TryGetValue(slot, out var invocation)
        ? invocation.WaitAsync()
        : Task.FromResult(new InvocationReply(InvocationStatus.Unknown)
        {
            NodeSince = _since,
            NodeFor = Time.GetElapsedTime(_began),
        });

    /// <summary>Nobody wants the result any more, whether or not the invocation has come yet.</summary>
    public void Cancel(string slot)
    {
        // First this, and then the look: so that one that comes in this moment is found here or there.
        _unwanted[slot] = Time.GetTimestamp();
        if (_invocations.TryGetValue(slot, out var invocation))
        {
            _unwanted.TryRemove(slot, out _);
            invocation.Cancel();
        }
    }

    /// <summary>Keeps the result for whoever asks again, and forgets the oldest of many.</summary>
    public void Ended(NodeInvocation invocation)
    {
        _ended.Enqueue(invocation);
        if (_ended.Count > MostResults && _ended.TryDequeue(out var oldest))
        {
            _invocations.TryRemove(KeyValuePair.Create(oldest.Key, oldest));
        }
    }

    /// <summary>An agent has run on a GPU of this node, and may have its model there from now on.</summary>
    public void HasRun(string agent, int gpu) => _gpus.Warm(agent, gpu);

    /// <summary>Takes no further attempts from now on.</summary>
    public void StartDraining() => _draining = true;

    /// <summary>
    /// Lets go of whatever waits here, so that the silo can stop: what still runs is cancelled, to be delivered again
    /// elsewhere, and whoever waits for an answer is told to ask again.
    /// </summary>
    public void Close()
    {
        _closing.Cancel();
        CancelAll();
    }

    /// <summary>
    /// Completes when something has happened that a call waits for, or when the call has waited for as long as it may: it is asked
    /// again after that, so that a lost answer does no harm.
    /// </summary>
    public Task WaitAsync(Task happened) => _closing.IsCancellationRequested
        ? happened.WaitAsync(LastAnswers, Time)
        : happened.WaitAsync(LongestAnswer, Time, _closing.Token);

    /// <summary>Forgets what has been delivered, and what nobody asks for any more.</summary>
    public void Tidy()
    {
        while (_ended.TryPeek(out var oldest) && oldest.EndedFor(KeepResults) && _ended.TryDequeue(out oldest))
        {
            _invocations.TryRemove(KeyValuePair.Create(oldest.Key, oldest));
        }
        foreach (var (slot, since) in _unwanted)
        {
            if (Time.GetElapsedTime(since) > Orphaned)
            {
                _unwanted.TryRemove(slot, out _);
            }
        }
        foreach (var (slot, invocation) in _invocations)
        {
            if (invocation.UnwantedFor(Orphaned))
            {
                LogOrphaned(Logger, slot);
                invocation.Cancel();
            }
        }
        Slots.PutNode(State());
    }

    public NodeReport Describe()
    {
        var gpus = GpuReports();
        return new NodeReport
        {
            Node = Name,
            Silo = Address,
            Queues = Options.Queues,
            Gpus = gpus,
            Agents = [.. Invocations.Agents.Names],
            WarmAgents = [.. _warm.Keys],
            Draining = _draining,
            Labels = Options.Labels is { } labels ? Json.From(labels) : null,
            Held = [.. _invocations.Values.Where(i => i.HoldsSlot).Select(i => new HeldSlot(i.Key, i.Agent, i.Slot?.Gpu)
            {
                Isolation = i.Isolation,
            })],
        };
    }

    /// <summary>Ends every invocation as if the process had been killed: nothing of it is told to anybody.</summary>
    public void Abandon()
    {
        _draining = true;
        CancelAll();
    }

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    public async ValueTask DisposeAsync()
    {
        Config.Changed -= Configure;
        Config.Dispose();
        _closing.Dispose();
        await Invocations.Agents.DisposeAsync().ConfigureAwait(false);
    }

    // Agents before slots: none is asked for that is not there yet.
    private void Configure(GridConfig config)
    {
        Invocations.Agents.Apply(config);
        Slots.Configure(config);
    }

    // Nothing is started for an agent that never comes here.
    private bool Serves(AgentConfig agent) => State().CouldRun(agent);

    private AgentKindContext KindContext(IServiceProvider services) => new()
    {
        FindSecret = Secrets.Find,
        Services = services,
        Time = Time,
        ConfigFolder = Config.Folder,
        LeasesGpuMemory = Options.AccountGpuMemory,
        CancelGrace = Options.CancelGrace,
        MaxOutputBytes = Options.MaxOutputBytes,
    };

    private void CancelAll()
    {
        foreach (var invocation in _invocations.Values)
        {
            invocation.Cancel();
        }
    }

    private ImmutableArray<GpuReport>? GpuReports() => Options.AccountGpuMemory ? _gpus.Read() : null;

    private NodeState State() => new()
    {
        Name = Name,
        Queues = Options.Queues,
        Gpus = GpuStates.Of(GpuReports()),
        Agents = null,
        Draining = false,
        WarmAgents = [],
    };

    [LoggerMessage(501, LogLevel.Warning, "Nobody has asked for {Slot} for a minute; it is cancelled")]
    private static partial void LogOrphaned(ILogger logger, string slot);
}
