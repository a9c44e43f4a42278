using System.Collections.Immutable;
using System.ComponentModel.Design;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Embedded.Runs;
using AgentGrid.Engine.Agents;
using AgentGrid.Engine.Configuration;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Feed;
using AgentGrid.Engine.Routing;
using AgentGrid.Engine.Schedules;
using AgentGrid.Engine.Store;
using AgentGrid.Engine.Webhooks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AgentGrid.Embedded;

/// <summary>Agent Grid in one process, durable in one file.</summary>
public sealed partial class EmbeddedGrid : IAgentGrid, IHostedService, IScheduleHost, IDisposable
{
    private readonly EmbeddedOptions _options;
    private readonly ConfigSource _config;
    private readonly Func<AgentInstances> _createAgents;
    private readonly TimeProvider _time;
    private readonly ILogger<EmbeddedGrid> _logger;
    private readonly ILogger _runLogger;
    private AgentInstances? _agents;
    private EmbeddedEngine? _engine;
    private CancellationTokenSource? _schedules;
    private Task _scheduling = Task.CompletedTask;
    private bool _accepting;

    /// <param name="createAgents">Makes one instance of every agent; called when the engine starts.</param>
    /// <param name="runLogger">Takes one line per run; null for none.</param>
    public EmbeddedGrid(
        IOptions<EmbeddedOptions> options, AgentCatalog catalog, Func<AgentDeclaration, IAgent> createAgents,
        TimeProvider time, ILogger<EmbeddedGrid> logger, ILogger? runLogger = null)
    {
        _options = options.Value;
        _time = time;
        _logger = logger;
        _runLogger = runLogger ?? NullLogger.Instance;
        _config = new ConfigSource(ConfigFolder.Find(_options.Config), catalog, time, logger);
        _createAgents = () => new AgentInstances(catalog, createAgents, KindContext(), static _ => true, logger);
    }

    /// <summary>What kinds of agents may ask for services.</summary>
    public IServiceProvider Services { private get; init; } = new ServiceContainer();

    internal EmbeddedPlatform Platform { get; init; } = EmbeddedPlatform.Process;

    internal bool IsRunning => _engine is not null;

    internal EmbeddedEngine Engine => _engine ?? throw new InvalidOperationException("The engine has not been started.");

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _config.Start();
        _agents = _createAgents();
        if (_options.Recover)
        {
            Recover();
        }
        var webhooks = OptionsOf<WebhookOptions>();
        _engine = new EmbeddedEngine(
            _options, _config, _agents, _time, _logger, _runLogger, Platform,
            Services.GetService(typeof(IWebhookSender)) as IWebhookSender ?? new HttpWebhookSender(webhooks, _time),
            webhooks.AddTo(_options.Limits), OptionsOf<ArtifactOptions>());
        await _engine.StartAsync().ConfigureAwait(false);
        Volatile.Write(ref _accepting, true);
        if (_config.Folder is not null)
        {
            _schedules = new CancellationTokenSource();
            _scheduling = PostSchedulesAsync(_schedules.Token);
        }
    }

    /// <summary>Stops accepting, waits for running attempts, and closes the file.</summary>
    /// <param name="cancellationToken">Cuts the wait short; nothing is lost by it.</param>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_engine is not null && Volatile.Read(ref _accepting))
        {
            Volatile.Write(ref _accepting, false);
            StopSchedules();
            await _scheduling.ConfigureAwait(false);
            await _engine.DrainAsync(cancellationToken).ConfigureAwait(false);
        }
        // Before the agents: what becomes of attempts when these are let go of is nothing that they did.
        Interlocked.Exchange(ref _engine, null)?.Dispose();
        if (Interlocked.Exchange(ref _agents, null) is { } agents)
        {
            await agents.DisposeAsync().ConfigureAwait(false);
        }
        Dispose();
    }

    public void Dispose()
    {
        Volatile.Write(ref _accepting, false);
        StopSchedules();
        _config.Dispose();
        Interlocked.Exchange(ref _engine, null)?.Dispose();
        Interlocked.Exchange(ref _agents, null)?.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    /// <summary>Ends as if the process had been killed, for tests of what the next start finds.</summary>
    internal void Crash()
    {
        Volatile.Write(ref _accepting, false);
        StopSchedules();
        _config.Dispose();
        Interlocked.Exchange(ref _engine, null)?.Abandon();
    }

    public ValueTask<SubmitResult> SubmitAsync(SubmitRun submit, CancellationToken cancellationToken = default) =>
        Unavailable() is { } unavailable
            ? ValueTask.FromResult<SubmitResult>(new SubmitResult.Unavailable(unavailable))
            : Engine.Registry.SubmitAsync(submit, cancellationToken);

    public async ValueTask<RunDetails?> GetRunAsync(RunId id, CancellationToken cancellationToken = default)
    {
        if (Engine.Registry.Find(id) is { } driver)
        {
            var details = await driver.LookAsync(static state => RunDetailsBuilder.Build(state))
                .WaitAsync(cancellationToken).ConfigureAwait(false);
            if (!details.Summary.Status.IsEnded())
            {
                return await GroupWait.AddAsync(details, query => ListRunsAsync(query, cancellationToken)).ConfigureAwait(false);
            }
            // An end is shown only when it is durable.
            await driver.Over.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        return await Engine.Store.ReplayAsync(id).ConfigureAwait(false) is { } state ? RunDetailsBuilder.Build(state) : null;
    }

    public async ValueTask<RunJournal?> GetJournalAsync(RunId id, CancellationToken cancellationToken = default) =>
        await Engine.Store.ReadJournalAsync(id).ConfigureAwait(false);

    public async ValueTask<RunDetails?> WaitForEndAsync(
        RunId id, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        if (Engine.Registry.Find(id) is { } driver)
        {
            try
            {
                await driver.Over.WaitAsync(timeout, _time, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // The caller is told where the run stands by now.
            }
        }
        return await GetRunAsync(id, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<Json?> GetOutputAsync(RunId id, string step, CancellationToken cancellationToken = default) =>
        (await GetRunAsync(id, cancellationToken).ConfigureAwait(false))?.Steps.FirstOrDefault(s => s.Id == step)?.Output;

    public async ValueTask<Stream?> OpenArtifactAsync(RunId id, string sha256, CancellationToken cancellationToken = default) =>
        ArtifactReference.IsSha256(sha256)
            ? await Engine.Artifacts.OpenAsync(id, sha256, cancellationToken).ConfigureAwait(false)
            : null;

    public async ValueTask<RunPage> ListRunsAsync(RunQuery query, CancellationToken cancellationToken = default) =>
        await Engine.Store.ListAsync(query).ConfigureAwait(false);

    public ValueTask<CommandResult> CommandAsync(
        RunId id, RunCommand command, CancellationToken cancellationToken = default) =>
        // While the disk fails, nothing new is promised; an end can be waited for.
        command is RunCommand.Retry or RunCommand.Signal && Unavailable() is { } unavailable
            ? ValueTask.FromResult<CommandResult>(new CommandResult.Unavailable(unavailable))
            : Engine.Registry.CommandAsync(id, command, cancellationToken);

    public ValueTask<FeedPage> ReadEventsAsync(
        FeedQuery query, int limit = 500, CancellationToken cancellationToken = default)
    {
        var reader = Engine.Reader;
        var last = Engine.Feed.Head;
        var after = query.After ?? last;
        // What is durable can be read a moment before the feed shows it.
        if (after > last && reader.LastSeq() is var kept && after > kept)
        {
            return ValueTask.FromResult(FeedPage.Reset(after, kept, _time.GetUtcNow()));
        }
        return Engine.Store.ReadEventsAsync(query, after, Math.Max(1, limit));
    }

    public IAsyncEnumerable<ImmutableArray<FeedEvent>> FollowAsync(
        FeedQuery query, CancellationToken cancellationToken = default)
    {
        var engine = Engine;
        var follower = new FeedFollower(
            engine.Feed, engine.Store.ReadEventsAsync, () => ValueTask.FromResult(engine.Reader.LastSeq()), _time, engine.Stopping);
        return follower.FollowAsync(query, cancellationToken);
    }

    public ValueTask<ImmutableArray<AgentDetails>> GetAgentsAsync(CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<ImmutableArray<AgentDetails>>(
        [
            .. Engine.Slots.All().OrderBy(a => a.Agent.Name, StringComparer.Ordinal).Select(load =>
            {
                var counts = Engine.Statistics.Of(load.Agent.Name);
                return new AgentDetails
                {
                    Config = load.Agent,
                    Running = load.Running,
                    Waiting = load.Waiting,
                    Drained = load.Drained,
                    Rate = load.Rate,
                    Failing = load.Failing is { IsOpen: true } failing ? failing : null,
                    FailingNodes = [.. load.FailingNodes?.Where(static n => n.State.IsOpen) ?? []],
                    LastFailures = counts.LastFailures,
                    Abandoned = Engine.Abandoned.Count(load.Agent.Name),
                    AbandonedAttempts = Engine.Abandoned.Named(load.Agent.Name),
                    Succeeded = counts.Succeeded,
                    Failed = counts.Failed,
                    TimedOut = counts.TimedOut,
                    Cancelled = counts.Cancelled,
                    Latency = counts.Latency,
                    Health = _agents?.HealthOf(load.Agent.Name),
                };
            }),
        ]);

    public ValueTask<bool> DrainAgentAsync(
        string agent, bool drained, CancellationToken cancellationToken = default) =>
        Engine.DrainAgentAsync(agent, drained);

    public ValueTask<ImmutableArray<NodeDetails>> GetNodesAsync(CancellationToken cancellationToken = default)
    {
        var now = _time.GetUtcNow();
        var stopping = !Volatile.Read(ref _accepting);
        return ValueTask.FromResult<ImmutableArray<NodeDetails>>(
            [.. Engine.Slots.Nodes().Select(n => n.Describe(now) with { Draining = stopping })]);
    }

    public ValueTask<ImmutableArray<ScheduleDetails>> GetSchedulesAsync(CancellationToken cancellationToken = default) =>
        LastRuns.AddAsync(ScheduleDetails.Of(_config.Current, _time.GetUtcNow()), query => ListRunsAsync(query, cancellationToken));

    public ValueTask<ImmutableArray<PlanDetails>> GetPlansAsync(CancellationToken cancellationToken = default)
    {
        var config = _config.Current;
        return ValueTask.FromResult<ImmutableArray<PlanDetails>>(
        [
            .. config.Plans.Values.Select(p => new PlanDetails(p.Name, p.Version, p.Name == config.DefaultPlan, p.Definition)),
        ]);
    }

    public ValueTask<RoutingDecision> RouteAsync(RouteQuery query, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(DryRun.Of(query, Engine.Slots, Engine.Durations));

    public ValueTask<GridHealth> GetHealthAsync(CancellationToken cancellationToken = default)
    {
        var engine = _engine;
        var problems = ImmutableArray.CreateBuilder<string>();
        if (Unavailable() is { } unavailable)
        {
            problems.Add(unavailable);
        }
        problems.AddRange(_config.Problems.Select(p => p.Told));
        problems.AddRange(_agents?.Problems() ?? []);
        return ValueTask.FromResult(new GridHealth
        {
            Engine = "embedded",
            Ready = Unavailable() is null,
            Problems = problems.ToImmutable(),
            ActiveRuns = engine?.RunQueue.Active ?? 0,
            QueuedRuns = engine?.RunQueue.Waiting ?? 0,
            LastSeq = engine?.Feed.Head ?? 0,
            DrainedAgents = engine is null ? []
                : [.. engine.Slots.All().Where(static a => a.Drained).Select(static a => a.Agent.Name).Order(StringComparer.Ordinal)],
            ConfigProblems = _config.Problems,
            ConfigLoadedAt = _config.LoadedAt,
            ConfigChanges = _config.Changes,
        });
    }

    GridConfig? IScheduleHost.Config => Unavailable() is null ? _config.Current : null;

    ValueTask<RunPage> IScheduleHost.ListRunsAsync(RunQuery query) => ListRunsAsync(query);

    ValueTask<SubmitResult> IScheduleHost.SubmitAsync(SubmitRun submit) => SubmitAsync(submit);

    ValueTask<CommandResult> IScheduleHost.CommandAsync(RunId run, RunCommand command) => CommandAsync(run, command);

    ValueTask<Outage?> IScheduleHost.LastOutageAsync() => ((Engine.Registry.IRegistryHost)Engine).LastOutageAsync();

    private async Task PostSchedulesAsync(CancellationToken stopping)
    {
        try
        {
            await new ScheduleRunner(this, _time, _logger).RunAsync(stopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // It ends with the engine.
        }
    }

    private T OptionsOf<T>()
        where T : class, new() => (Services.GetService(typeof(IOptions<T>)) as IOptions<T>)?.Value ?? new();

    private void StopSchedules()
    {
        if (Interlocked.Exchange(ref _schedules, null) is { } schedules)
        {
            schedules.Cancel();
            schedules.Dispose();
        }
    }

    private AgentKindContext KindContext() => new()
    {
        FindSecret = Secrets.Find,
        Services = Services,
        Time = _time,
        ConfigFolder = _config.Folder,
        CancelGrace = _options.CancelGrace,
        MaxOutputBytes = _options.MaxOutputBytes,
    };

    private void Recover()
    {
        var report = JournalRecovery.Recover(_options.Data, _options.Synchronous, _time.GetUtcNow());
        if (report.Damage is null)
        {
            LogSound(_logger);
            return;
        }
        LogRecovered(_logger, report.Damage, report.Kept, report.SetAside!);
        foreach (var lost in report.Dropped)
        {
            LogDropped(_logger, lost);
        }
    }

    private string? Unavailable() => !Volatile.Read(ref _accepting)
        ? "The engine is not running: it is starting, or being shut down."
        : Engine.Journal.Failure;

    [LoggerMessage(10, LogLevel.Information, "Nothing in the journal is damaged; there is nothing to recover")]
    private static partial void LogSound(ILogger logger);

    [LoggerMessage(11, LogLevel.Warning, "{Damage} Recovered: {Kept} runs are kept; the damaged file is now {SetAside}")]
    private static partial void LogRecovered(ILogger logger, string damage, int kept, string setAside);

    [LoggerMessage(12, LogLevel.Warning, "Dropped by the recovery: {Lost}")]
    private static partial void LogDropped(ILogger logger, string lost);
}
