using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Config;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Admission;
using AgentGrid.Engine.Artifacts;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Registry;
using AgentGrid.Engine.Store;
using AgentGrid.Engine.Webhooks;
using AgentGrid.GrainInterfaces.Matches;
using AgentGrid.Grains.Driving;
using AgentGrid.Grains.Recovery;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Orleans.Placement;

namespace AgentGrid.Grains.Matches;

/// <inheritdoc cref="IMatchGrain"/>
/// <remarks>
/// Holds the runs of the match that have not ended, and nothing else: ended rounds are in the run log alone. A second
/// activation, as there may be for a moment while silos disagree, does no harm: the log takes a turn only from whoever
/// has seen all turns before it.
/// </remarks>
[Reentrant, RandomPlacement, GrainType("agentgrid.match")]
internal sealed partial class MatchGrain(ClusterEngine engine, ClusterLife life) : Grain, IMatchGrain, IRegistryHost
{
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(10);

    private RunRegistry _registry = null!;
    private DriverServices _drivers = null!;
    private readonly CancellationTokenSource _leaves = new();
    private bool _stopping;

    GridConfig IRegistryHost.Config => engine.Node.Config.Current;

    private string MatchId => this.GetPrimaryKeyString();

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // Not before: from here on it is the grain's own scheduler.
        _drivers = engine.DriversOn(TaskScheduler.Current);
        _registry = new RunRegistry(this, _drivers.Platform, engine.Time);
        return Task.CompletedTask;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _stopping = true;
        _leaves.Cancel();
        await Task.WhenAll(_registry.Drivers.Select(static d => d.StopAsync())).WaitAsync(cancellationToken);
    }

    public async Task WakeAsync()
    {
        foreach (var run in await engine.Log.ActiveAsync(MatchId))
        {
            if (!_registry.Has(run.Key))
            {
                try
                {
                    await _registry.ResumeAsync(run.Id);
                }
                catch (DamageException e)
                {
                    engine.Log.Report(e);
                    // It keeps no other waiting. Said again at every wake, should the dispatcher not hear it.
                    _ = engine.LeaveAsync(run.Id, run.Key);
                }
            }
        }
        _ = CancelOrphansAsync();
        await DeliverAsync();
    }

    public async Task<Json> SubmitAsync(SubmitCommand command)
    {
        try
        {
            return Json.From(await _registry.SubmitAsync(new SubmitRun(
                new RunKey(MatchId, command.Round), command.Input, command.Plan, command.InlinePlan, command.Priority,
                command.Tenant, command.TraceParent)
            {
                Webhooks = command.Webhooks?.To<ImmutableArray<Webhook>>() ?? [],
                StartAt = command.StartAt,
                Delay = command.Delay,
                Parent = command.Parent?.To<ParentRun>(),
                Labels = command.Labels?.To<Labels>(),
                OnConflict = (OnConflict)command.OnConflict,
            }));
        }
        catch (Exception e) when (Transient.Is(e))
        {
            return Json.From<SubmitResult>(new SubmitResult.Unavailable(
                $"Run '{MatchId}/{command.Round}' could not be kept, because the cluster does not answer " +
                $"({e.Message}). Post it again: the same key starts one run, however often it is posted."));
        }
        catch (DamageException e)
        {
            engine.Log.Report(e);
            return Json.From<SubmitResult>(new SubmitResult.Unavailable(
                $"'{MatchId}/{command.Round}' is a run that cannot be read, so nothing else can be posted there. " +
                e.Message));
        }
    }

    public async Task<Json> CommandAsync(RunId run, Json command)
    {
        try
        {
            return Json.From(await _registry.CommandAsync(run, command.To<RunCommand>()!));
        }
        catch (DamageException e)
        {
            // An answer rather than an exception: those of the run log do not reach others as what they are.
            engine.Log.Report(e);
            return Json.From<CommandResult>(new CommandResult.Unavailable(e.Message));
        }
    }

    public async Task<EndedRun?> WaitForEndAsync(RunId run)
    {
        if (await _registry.WaitForEndAsync(run, s_longestWait) is not { } end)
        {
            return null;
        }
        return new EndedRun
        {
            Status = Json.From(end.Status),
            Result = end.Result,
            Error = end.Error is { } error ? Json.From(error) : null,
            Reason = end.Reason,
        };
    }

    public async Task<bool> IsOpenAsync(RunId run, string step, int attempt) => await _registry.IsOpenAsync(run, step, attempt);

    public Task ReportProgressAsync(ProgressReport report)
    {
        _registry.Find(report.RunId)?.Post(
            new RunInput.ReportProgress(report.Step, report.Attempt, report.Fraction, report.Message));
        return Task.CompletedTask;
    }

    public Task ReportStopAsync(StopReport report) => _registry.ReportStopAsync(report.RunId, new RunInput.ReportStop(
        report.Step, report.Attempt, new AttemptStop(report.HasStopped, report.Acknowledged, report.Seconds, report.GpuSeconds)));

    // The log knows it, and says so when it is asked to keep the run.
    AdmissionRefusal? IRegistryHost.WhyFull(string? tenant) => null;

    // Asked by the key: that a key has a run that is not there is damage, and not the work of retention.
    async ValueTask<RunState?> IRegistryHost.ReplayAsync(RunKey key) =>
        await engine.Log.FindAsync(key) is { Summary.RunId: var run } ? await engine.Log.ReplayAsync(run) : null;

    async ValueTask<RunState?> IRegistryHost.ReplayAsync(RunId run) => await engine.Log.ReplayAsync(run);

    ValueTask<Outage?> IRegistryHost.LastOutageAsync() => life.LastOutageAsync();

    StoredValues? IRegistryHost.Values => engine.Node.Invocations.Artifacts?.Values;

    IWebhookSender IRegistryHost.Webhooks => engine.Webhooks;

    CancellationToken IRegistryHost.Stopping => _leaves.Token;

    void IRegistryHost.DeliveryFailed(RunId run, Exception failure) => LogNotDelivered(engine.Logger, failure, run);

    void IRegistryHost.ReportFailed(RunId run, Exception failure) => LogNotReported(engine.Logger, failure, run);

    void IRegistryHost.BecameEmpty()
    {
        if (!_stopping)
        {
            DeactivateOnIdle();
        }
    }

    RunDriver IRegistryHost.Drive(RunState state, RunOrigin origin)
    {
        ObjectDisposedException.ThrowIf(_stopping, this);
        if (origin == RunOrigin.Resumed)
        {
            LogResumed(engine.Logger, state.Key);
        }
        var driver = engine.Drive(state, _drivers);
        DelayDeactivation(Timeout.InfiniteTimeSpan);
        _ = DeactivateAfterAsync(driver);
        return driver;
    }

    // What those that have ended owe to webhooks is told from here as well, so that one process does.
    private async Task DeliverAsync()
    {
        foreach (var run in await engine.Log.OwingAsync(MatchId))
        {
            try
            {
                if (!_registry.Delivers(run.Id) && await engine.Log.ReplayAsync(run.Id) is { } state)
                {
                    _registry.Deliver(state);
                    DelayDeactivation(Timeout.InfiniteTimeSpan);
                }
            }
            catch (DamageException e)
            {
                engine.Log.Report(e);
            }
        }
    }

    private async Task CancelOrphansAsync()
    {
        try
        {
            await _registry.CancelOrphansAsync(engine.Children);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            LogOrphans(engine.Logger, e, MatchId);
        }
    }

    private async Task DeactivateAfterAsync(RunDriver driver)
    {
        await driver.Over;
        if (_registry.IsEmpty && !_stopping)
        {
            DeactivateOnIdle();
        }
    }

    [LoggerMessage(712, LogLevel.Warning, "The webhooks of run {Run} could not be sent; trying again")]
    private static partial void LogNotDelivered(ILogger logger, Exception exception, RunId run);

    [LoggerMessage(714, LogLevel.Warning, "What became of an agent of run {Run} that was told to stop could not be kept")]
    private static partial void LogNotReported(ILogger logger, Exception exception, RunId run);

    [LoggerMessage(713, LogLevel.Warning, "Whether anybody waits for the runs of match '{Match}' is not known; it is looked at again")]
    private static partial void LogOrphans(ILogger logger, Exception exception, string match);

    [LoggerMessage(710, LogLevel.Information, "Run '{Run}' is resumed here")]
    private static partial void LogResumed(ILogger logger, RunKey run);
}
