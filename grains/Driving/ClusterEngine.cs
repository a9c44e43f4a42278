using System.Collections.Concurrent;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine;
using AgentGrid.Engine.Children;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Durations;
using AgentGrid.Engine.Store;
using AgentGrid.Engine.Webhooks;
using AgentGrid.GrainInterfaces;
using AgentGrid.GrainInterfaces.Agents;
using AgentGrid.GrainInterfaces.Dispatch;
using AgentGrid.Grains.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace AgentGrid.Grains.Driving;

/// <summary>What driving runs takes; one per silo.</summary>
internal sealed partial class ClusterEngine
{
    /// <summary>Between two tries of what Redis or another silo does not answer.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentDictionary<(string Node, string Agent), IAgentOnNode> _agents = new();
    private readonly IGrainFactory _grains;
    private readonly ISiloStatusOracle _silos;
    private readonly ISiloMetadataCache _metadata;
    private readonly DriverServices _drivers;
    private volatile string? _lastGone;

    public ClusterEngine(
        Node node, IRunStore log, LoadCache loads, ReportedOutcomes outcomes, ActiveRuns drivers, IGrainFactory grains,
        ISiloStatusOracle silos, ISiloMetadataCache metadata, ILoggerFactory loggers, IWebhookSender webhooks, IOptions<WebhookOptions> webhookOptions)
    {
        (Outcomes, Webhooks) = (outcomes, webhooks);
        Node = node;
        Log = log;
        Loads = loads;
        ActiveRuns = drivers;
        Logger = loggers.CreateLogger("AgentGrid.Grains.Matches");
        // Kept, because finding out what kind of grain an interface means takes reflection, every time.
        Dispatcher = grains.GetGrain<IDispatcherGrain>(0);
        _grains = grains;
        Children = new ClusterChildren(grains, log);
        (_silos, _metadata) = (silos, metadata);
        _drivers = new DriverServices
        {
            Queue = new ClusterRunQueue(this),
            Caller = new ClusterCaller(this),
            Children = new ChildRuns(Children, Platform.Process, node.Time, CancellationToken.None, node.Invocations.Artifacts),
            Platform = Platform.Process,
            Limits = webhookOptions.Value.AddTo(node.Options.Limits),
            Time = node.Time,
            Statistics = node.Statistics,
            Durations = Durations,
            Logger = Logger,
            RunLogger = loggers.CreateLogger(AgentGridServices.RunLogCategory),
        };
    }

    public Node Node { get; }
    public IRunStore Log { get; }
    public LoadCache Loads { get; }
    public ReportedOutcomes Outcomes { get; }
    public ActiveRuns ActiveRuns { get; }
    public IWebhookSender Webhooks { get; }
    public IChildRunHost Children { get; }
    public LearnedDurations Durations { get; } = new();
    public IDispatcherGrain Dispatcher { get; }
    public TimeProvider Time => Node.Time;
    public ILogger Logger { get; }
    public int MaxRuns => (int)Math.Min(int.MaxValue, (long)Node.Options.MaxActiveRuns + Node.Options.MaxQueuedRuns);

    /// <summary>The node that was found to be gone last, which the dispatcher may not know yet.</summary>
    public string? LastGone
    {
        get => _lastGone;
        set => _lastGone = value;
    }

    /// <summary>What the drivers of one grain share, which work on its scheduler.</summary>
    public DriverServices DriversOn(TaskScheduler grain) => _drivers with { Platform = new GrainPlatform(grain) };

    /// <summary>Makes the driver of a run, one of those of this silo.</summary>
    public RunDriver Drive(RunState state, DriverServices services)
    {
        var driver = new RunDriver(services, new ClusterJournal(this, state.Id), new ClusterSlots(this), state);
        ActiveRuns.Add(driver);
        return driver;
    }

    /// <summary>An agent on a node; on this one without a grain.</summary>
    public IAgentOnNode AgentOn(string node, string agent) => _agents.GetOrAdd(
        (node, agent), static (on, engine) => on.Node == engine.Node.Name
            ? new AgentHere(engine.Node, on.Agent, engine._metadata)
            : new AgentThere(engine._grains.GetGrain<IAgentGrain>(ClusterNames.AgentKey(on.Node, on.Agent))), this);

    public bool IsAlive(string node) => _silos.GetActiveSilos().Any(
        silo => _silos.TryGetSiloName(silo, out var name) && name == node);

    /// <summary>Sees to it that nothing that a driver has asked for fails unheard.</summary>
    public async Task Attend(RunDriver driver, Task task)
    {
        try
        {
            await task;
        }
        catch (Exception e)
        {
            driver.Fail(e);
        }
    }

    /// <summary>Gives a slot back.</summary>
    public async Task ReleaseAsync(string slot)
    {
        try
        {
            await Dispatcher.ReleaseSlotsAsync([slot]);
        }
        catch (Exception e) when (Transient.Is(e))
        {
            // A grant that no node reports is taken back in the end.
            LogUnheard(Logger, e, slot);
        }
    }

    /// <summary>A run wants no place any more.</summary>
    public Task LeaveAsync(RunId run, RunKey key, DateTimeOffset? since = null) =>
        TellAsync(key, dispatcher => dispatcher.LeaveRunAsync(run.Value, since));

    /// <summary>Tells the dispatcher something of a run that it finds out by itself, when it does not hear it.</summary>
    public async Task TellAsync(RunKey key, Func<IDispatcherGrain, Task> tell)
    {
        try
        {
            await tell(Dispatcher);
        }
        catch (Exception e) when (Transient.Is(e))
        {
            // The dispatcher compares its places with the run log, and will find out.
            LogUnheard(Logger, e, key.ToString());
        }
    }

    [LoggerMessage(711, LogLevel.Debug, "The dispatcher could not be told that '{What}' needs nothing any more")]
    private static partial void LogUnheard(ILogger logger, Exception exception, string what);
}
