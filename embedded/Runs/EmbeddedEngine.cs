using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Embedded.Telemetry;
using AgentGrid.Engine.Admission;
using AgentGrid.Engine.Agents;
using AgentGrid.Engine.Artifacts;
using AgentGrid.Engine.Children;
using AgentGrid.Engine.Configuration;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Durations;
using AgentGrid.Engine.Feed;
using AgentGrid.Engine.Invocations;
using AgentGrid.Engine.Registry;
using AgentGrid.Engine.Slots;
using AgentGrid.Engine.Store;
using AgentGrid.Engine.Telemetry;
using AgentGrid.Engine.Webhooks;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Embedded.Runs;

/// <summary>Everything that drives runs in this process: built when the engine starts, gone when it stops.</summary>
internal sealed partial class EmbeddedEngine : IRegistryHost, IChildRunHost, IDisposable
{
    private static readonly TimeSpan s_pulse = TimeSpan.FromSeconds(1);

    private readonly JournalFile _file;
    private readonly ConfigSource _config;
    private readonly AgentInstances _agents;
    private readonly CancellationTokenSource _stopping = new();
    private readonly EngineGauges _gauges;
    private readonly LocalSlots _localSlots;
    private readonly DriverServices _drivers;
    private readonly LifeSign _lifeSign;
    private Outage? _outage;
    private ITimer? _pulse;
    private ITimer? _sweeper;
    private int _sweeping;

    public EmbeddedEngine(
        EmbeddedOptions options, ConfigSource config, AgentInstances agents, TimeProvider time,
        ILogger logger, ILogger runLogger, EmbeddedPlatform platform, IWebhookSender webhooks, RunLimits limits, ArtifactOptions artifacts)
    {
        Artifacts = platform.OpenArtifacts(artifacts.Folder ?? Path.Combine(options.Data, "artifacts"), artifacts);
        Webhooks = webhooks;
        Options = options;
        Stopping = _stopping.Token;
        Time = time;
        Logger = logger;
        Platform = platform;
        _config = config;
        _agents = agents;
        RunQueue = new RunQueue(options.MaxActiveRuns);
        Places = new AdmissionControl((int)Math.Min(int.MaxValue, (long)options.MaxActiveRuns + options.MaxQueuedRuns), time);
        Feed = new FeedBuffer(options.FeedBuffer, platform);
        _file = JournalFile.Open(options.Data, options.Synchronous, platform.FileSystem);
        _lifeSign = platform.OpenLifeSign(_file);
        Reader = new JournalReader(_file);
        Store = new StoreReader(Reader, _file.Damage, new DamageLog(logger), time, Latest) { Values = Artifacts.Values };
        Journal = new JournalWriter(_file, Feed, logger, platform);
        Slots = new SlotTable(time, platform, logger);
        _localSlots = new LocalSlots(Slots);
        Registry = new RunRegistry(this, platform, time);
        _drivers = new DriverServices
        {
            Queue = RunQueue,
            Caller = new LocalCaller(new InvocationServices
            {
                Node = options.Node,
                Agents = agents,
                Slots = Slots,
                Running = Invocations,
                Abandoned = Abandoned,
                Platform = platform,
                Time = time,
                Logger = logger,
                CancelGrace = options.CancelGrace,
                MaxOutputBytes = options.MaxOutputBytes,
                Artifacts = Artifacts,
            }),
            Children = new ChildRuns(this, platform, time, Stopping, Artifacts),
            Platform = platform,
            Time = time,
            Statistics = Statistics,
            Durations = Durations,
            Logger = logger,
            RunLogger = runLogger,
            Limits = limits,
            Stopping = Stopping,
        };
        _gauges = new EngineGauges(this);
        ArtifactSweeper = new ArtifactSweeper(Artifacts, FindAsync, async run => await Store.ReplayAsync(run).ConfigureAwait(false), time, logger);
    }

    public EmbeddedOptions Options { get; }
    public TimeProvider Time { get; }
    public ILogger Logger { get; }

    public EmbeddedPlatform Platform { get; }
    public RunQueue RunQueue { get; }
    public AdmissionControl Places { get; }
    public RunRegistry Registry { get; }
    public FeedBuffer Feed { get; }
    public JournalReader Reader { get; }
    public StoreReader Store { get; }
    public JournalWriter Journal { get; }
    public SlotTable Slots { get; }
    public AgentStatistics Statistics { get; } = new();
    public LearnedDurations Durations { get; } = new();
    public InvocationCount Invocations { get; } = new();
    public AbandonedInvocations Abandoned { get; } = new();
    public IArtifactStore Artifacts { get; }
    public ArtifactSweeper ArtifactSweeper { get; }

    /// <inheritdoc/>
    public IWebhookSender Webhooks { get; }

    /// <summary>Cancelled when the engine stops to serve.</summary>
    public CancellationToken Stopping { get; }

    /// <summary>Resumes every run that has not ended, and begins to accept new ones.</summary>
    public async Task StartAsync()
    {
        Slots.PutNode(new NodeState { Name = Options.Node });
        Configure(_config.Current);
        foreach (var agent in Reader.Drained())
        {
            Slots.Drain(agent, drained: true);
        }
        _config.Changed += Configure;
        Journal.Start();
        _outage = _lifeSign.Last is { } last ? new Outage(last, Time.GetUtcNow()) : null;
        _pulse = Time.CreateTimer(_ => _lifeSign.Give(Time.GetUtcNow()), null, TimeSpan.Zero, s_pulse);
        var resumed = Reader.Active();
        var states = new List<RunState>(resumed.Count);
        foreach (var row in resumed)
        {
            states.Add(await Store.ReplayAsync(row.Ref.Id).ConfigureAwait(false)
                ?? throw new InvalidOperationException($"Run {row.Ref.Id} went away before anything could remove it."));
        }
        // Those that had been started count in their groups before others of these may start.
        foreach (var state in states.OrderBy(static s => s.Status == RunStatus.Running ? 0 : 1))
        {
            Registry.Resume(state, _outage);
        }
        if (resumed.Count > 0)
        {
            LogResumed(Logger, resumed.Count);
            _ = CancelOrphansAsync();
        }
        foreach (var row in Reader.Owing())
        {
            if (await Store.ReplayAsync(row.Ref.Id).ConfigureAwait(false) is { } state)
            {
                Registry.Deliver(state);
            }
        }
        new DurationHistory(Durations, Store.ListAsync, Store.ReplayAsync, Platform, Time, Logger, Stopping).Begin();
        var interval = TimeSpan.FromSeconds(Math.Clamp(Options.Retention.TotalSeconds / 10, 1, 60));
        _sweeper = Time.CreateTimer(_ => Sweep(), null, interval, interval);
    }

    /// <summary>Lets an agent take no further attempts, or take them again, through restarts too.</summary>
    /// <returns>False when there is no such agent.</returns>
    public async ValueTask<bool> DrainAgentAsync(string agent, bool drained)
    {
        if (!Slots.Drain(agent, drained))
        {
            return false;
        }
        var kept = new TaskCompletionSource<WriteOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        Journal.Append(new KeepDrained(agent, drained) { CanFail = true, Completed = kept.SetResult });
        if (await kept.Task.ConfigureAwait(false) == WriteOutcome.Failed)
        {
            // It holds from now on all the same, and that is what it was asked for.
            LogDrainNotKept(Logger, agent, Journal.Failure ?? "the journal is closed");
        }
        return true;
    }

    GridConfig IRegistryHost.Config => _config.Current;

    AdmissionRefusal? IRegistryHost.WhyFull(string? tenant) => Places.Refusal(tenant);

    async ValueTask<RunState?> IRegistryHost.ReplayAsync(RunKey key) =>
        Reader.Find(key) is { } row ? await Store.ReplayAsync(row.Ref.Id).ConfigureAwait(false) : null;

    async ValueTask<RunState?> IRegistryHost.ReplayAsync(RunId run) =>
        await Store.ReplayAsync(run).ConfigureAwait(false);

    StoredValues IRegistryHost.Values => Artifacts.Values;

    ValueTask<Outage?> IRegistryHost.LastOutageAsync() => ValueTask.FromResult(_outage);

    void IRegistryHost.DeliveryFailed(RunId run, Exception failure) => LogNotDelivered(Logger, failure, run);

    void IRegistryHost.ReportFailed(RunId run, Exception failure) => LogNotReported(Logger, failure, run);

    void IRegistryHost.BecameEmpty()
    {
    }

    ValueTask<SubmitResult> IChildRunHost.SubmitAsync(SubmitRun submit) => Stopping.IsCancellationRequested || Journal.Failure is not null
        ? ValueTask.FromResult<SubmitResult>(new SubmitResult.Unavailable(Journal.Failure ?? "The engine is being shut down."))
        : Registry.SubmitAsync(submit);

    ValueTask<ChildEnd?> IChildRunHost.WaitForEndAsync(RunKey key, RunId run) => Registry.WaitForEndAsync(run, Timeout.InfiniteTimeSpan);

    async ValueTask<bool> IChildRunHost.CancelAsync(RunKey key, RunId run, string reason) =>
        await Registry.CommandAsync(run, new RunCommand.Cancel(reason)).ConfigureAwait(false) is not CommandResult.Unavailable;

    async ValueTask<bool?> IChildRunHost.IsWantedAsync(ParentRun parent) =>
        await Registry.IsOpenAsync(parent.Run, parent.Step, parent.Attempt).ConfigureAwait(false);

    RunDriver IRegistryHost.Drive(RunState state, RunOrigin origin)
    {
        var run = new EmbeddedRun(this, origin == RunOrigin.Posted ? new RunRef(state.Id, state.Key) : RefOf(state),
            runsAhead: origin is RunOrigin.Posted or RunOrigin.Resumed);
        if (origin == RunOrigin.Resumed)
        {
            run.TakePlace(state.Tenant);
        }
        return new RunDriver(_drivers, run, _localSlots, state);
    }

    /// <summary>
    /// Starts nothing any more, waits until running attempts have returned and their results are in the journal, or
    /// until the time is over.
    /// </summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        Close();
        try
        {
            var started = Time.GetTimestamp();
            do
            {
                var left = Options.DrainTimeout - Time.GetElapsedTime(started);
                await Platform.Wait(Invocations.WhenIdleAsync())
                    .WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, Time, cancellationToken).ConfigureAwait(false);
                // A look is answered within its turn. When the next one is answered, what that turn led to is queued.
                await LookAtAllAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
                await LookAtAllAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            while (Invocations.AreRunning); // a slot that was granted just before the shutdown
        }
        catch (TimeoutException)
        {
            LogNotDrained(Logger, Options.DrainTimeout.TotalSeconds);
            LoseWhatRuns();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            LogDrainCutShort(Logger);
            LoseWhatRuns();
        }
        await LookAtAllAsync().ConfigureAwait(false);
        await LookAtAllAsync().ConfigureAwait(false);
    }

    /// <summary>Writes what is queued, and lets go of the file.</summary>
    public void Dispose()
    {
        Close();
        Journal.Dispose();
        _lifeSign.Give(Time.GetUtcNow());
        Release();
    }

    /// <summary>Lets go of the file as if the process had been killed.</summary>
    public void Abandon()
    {
        Journal.Abandon();
        Close();
        Release();
    }

    private void Release()
    {
        ArtifactSweeper.Dispose();
        Slots.Dispose();
        _gauges.Dispose();
        _lifeSign.Dispose();
        Reader.Dispose();
        _file.Dispose();
        _stopping.Dispose();
    }

    private async Task CancelOrphansAsync()
    {
        try
        {
            await Registry.CancelOrphansAsync(this).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            LogOrphans(Logger, e);
        }
    }

    // Agents before slots: none is asked for that is not there yet.
    private void Configure(GridConfig config)
    {
        _agents.Apply(config);
        Slots.Configure(config);
    }

    // Retention may have removed it since it was read.
    private RunRef RefOf(RunState state) => Reader.Find(state.Id)?.Ref ?? new RunRef(state.Id, state.Key);

    private void LoseWhatRuns() => Array.ForEach(Registry.Drivers, static d => d.LoseWhatRuns());

    // One that waits for the journal to begin again runs nothing yet, and is not waited for.
    private Task LookAtAllAsync() => Task.WhenAll(
        Registry.Drivers.Where(d => Registry.Find(d.Id) == d).Select(static d => d.LookAsync(static _ => true)));

    private void Close()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }
        RunQueue.Close();
        Slots.Drain();
        _config.Changed -= Configure;
        _sweeper?.Dispose();
        _pulse?.Dispose();
        _stopping.Cancel();
    }

    // Whether an active run is queued or running, and what it waits for, is known in memory alone.
    private RunSummary Latest(RunSummary kept) => kept.Status.IsEnded() ? kept : Registry.Find(kept.RunId)?.Summary ?? kept;

    // One that goes on may be in memory alone.
    private ValueTask<RunSummary?> FindAsync(RunId run) =>
        ValueTask.FromResult(Registry.Find(run)?.Summary ?? Reader.Find(run)?.Stored.Summary);

    // A sweep removes a bounded number of runs, so that it never holds a commit up for long, and goes on at once
    // while there are more.
    private void Sweep()
    {
        if (Interlocked.Exchange(ref _sweeping, 1) == 1)
        {
            return;
        }
        _ = ArtifactSweeper.SweepAsync(Stopping);
        SweepRuns sweep = null!;
        sweep = new SweepRuns(Time.GetUtcNow() - Options.Retention)
        {
            Completed = _ =>
            {
                Volatile.Write(ref _sweeping, 0);
                if (sweep.Removed == SweepRuns.MostRuns)
                {
                    Sweep();
                }
            },
        };
        Journal.Append(sweep);
    }

    [LoggerMessage(1, LogLevel.Information, "Unfinished runs resumed: {Runs}")]
    private static partial void LogResumed(ILogger logger, int runs);

    [LoggerMessage(7, LogLevel.Warning, "What became of an agent of run {Run} that was told to stop could not be kept")]
    private static partial void LogNotReported(ILogger logger, Exception exception, RunId run);

    [LoggerMessage(4, LogLevel.Warning, "A webhook of run {Run} could not be told; it is tried again")]
    private static partial void LogNotDelivered(ILogger logger, Exception exception, RunId run);

    [LoggerMessage(5, LogLevel.Warning, "It is not known until the next start whether the runs of steps are still waited for")]
    private static partial void LogOrphans(ILogger logger, Exception exception);

    [LoggerMessage(2, LogLevel.Warning,
        "Attempts still ran after {Seconds} s of draining; they are delivered again at the next start")]
    private static partial void LogNotDrained(ILogger logger, double seconds);

    [LoggerMessage(8, LogLevel.Warning,
        "Whether agent '{Agent}' is drained could not be kept, and will be forgotten at the next start: {Problem}")]
    private static partial void LogDrainNotKept(ILogger logger, string agent, string problem);

    [LoggerMessage(3, LogLevel.Warning, "Draining was cut short; attempts are delivered again at the next start")]
    private static partial void LogDrainCutShort(ILogger logger);
}
