using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Store;
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
internal sealed partial class MatchGrain(ClusterEngine engine, ClusterLife life) : Grain, IMatchGrain
{
    private readonly Dictionary<string, RunDriver> _byRound = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Task> _submitting = new(StringComparer.Ordinal);
    private DriverServices? _drivers;
    private bool _stopping;

    private string MatchId => this.GetPrimaryKeyString();

    public override Task OnActivateAsync(CancellationToken cancellationToken) => WakeAsync();

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _stopping = true;
        await Task.WhenAll(_byRound.Values.ToArray().Select(d => d.StopAsync())).WaitAsync(cancellationToken);
    }

    public async Task WakeAsync()
    {
        foreach (var run in await engine.Log.ActiveAsync(MatchId))
        {
            if (!_byRound.ContainsKey(run.Key.Round) && !_submitting.ContainsKey(run.Key.Round))
            {
                try
                {
                    await ResumeAsync(run.Id, run.Key.Round);
                }
                catch (DamageException e)
                {
                    engine.Log.Report(e);
                    // It keeps no other waiting. Said again at every wake, should the dispatcher not hear it.
                    _ = engine.LeaveAsync(run.Id, run.Key);
                }
            }
        }
    }

    public Task ReportProgressAsync(ProgressReport report)
    {
        Find(report.RunId)?.Post(
            new RunInput.ReportProgress(report.Step, report.Attempt, report.Fraction, report.Message));
        return Task.CompletedTask;
    }

    public Task<CommandReply> CancelAsync(CancelCommand command) => UnlessDamagedAsync(() => CancelRunAsync(command));

    public Task<CommandReply> RetryAsync(RetryCommand command) => UnlessDamagedAsync(() => RetryRunAsync(command));

    private async Task<CommandReply> CancelRunAsync(CancelCommand command)
    {
        if (Find(command.RunId) is { } driver)
        {
            var ignored = await driver.AskAsync(new RunInput.CancelRun(command.Reason));
            if (ignored is null)
            {
                return Done(driver.Summary, changed: true);
            }
            await driver.Over;
        }
        return (await engine.Log.FindAsync(command.RunId))?.Summary switch
        {
            null => CommandReply.Of(new CommandResult.NotFound()),
            { Status: RunStatus.Cancelled } run => Done(run, changed: false),
            { } run when run.Status.IsEnded() => CommandReply.Of(Refusals.NotCancellable(run)),
            { } run => await TryAgainAsync(run, () => CancelRunAsync(command)),
        };
    }

    private async Task<CommandReply> RetryRunAsync(RetryCommand command)
    {
        if (Find(command.RunId) is { } active)
        {
            if (!active.Summary.Status.IsEnded())
            {
                return CommandReply.Of(Refusals.NotRetryable(active.Summary));
            }
            await active.Over;
        }
        if (await engine.Log.FindAsync(command.RunId) is not { } stored
            || await engine.Log.ReplayAsync(command.RunId) is not { } state)
        {
            return CommandReply.Of(new CommandResult.NotFound());
        }
        if (!state.Status.IsEnded()
            || (command.FromStep is null && state.Status is not (RunStatus.Failed or RunStatus.Cancelled)))
        {
            return CommandReply.Of(Refusals.NotRetryable(stored.Summary));
        }
        if (command.FromStep is { } step && !state.Plan.TryIndexOf(step, out _))
        {
            return CommandReply.Of(Refusals.UnknownStep(stored.Summary, state.Plan, step));
        }
        if (_byRound.ContainsKey(state.Key.Round))
        {
            return CommandReply.Of(Refusals.NotRetryable(stored.Summary with { Status = RunStatus.Running }));
        }
        var driver = Drive(state);
        var refused = await driver.AskAsync(new RunInput.RetryRun(command.FromStep));
        return refused is null
            ? Done(driver.Summary, changed: true)
            : CommandReply.Of(Refusals.NotRetryable(driver.Summary));
    }

    // An answer rather than an exception: those of the run log do not reach other silos and clients as what they are.
    private async Task<CommandReply> UnlessDamagedAsync(Func<Task<CommandReply>> command)
    {
        try
        {
            return await command();
        }
        catch (DamageException e)
        {
            engine.Log.Report(e);
            return CommandReply.Of(new CommandResult.Unavailable(e.Message));
        }
    }

    private static CommandReply Done(RunSummary run, bool changed) =>
        CommandReply.Of(new CommandResult.Done(run, changed));

    // The run is active, and nobody drives it here: an answer was lost, or it was handed over just now.
    private async Task<CommandReply> TryAgainAsync(RunSummary run, Func<Task<CommandReply>> command)
    {
        await ResumeAsync(run.RunId, run.Round);
        return Find(run.RunId) is null ? CommandReply.Of(new CommandResult.NotFound()) : await command();
    }

    private RunDriver? Find(RunId id) => _byRound.Values.FirstOrDefault(d => d.Id == id);

    private async Task ResumeAsync(RunId id, string round)
    {
        var outage = await life.LastOutageAsync();
        if (await engine.Log.ReplayAsync(id) is { } state && !state.Status.IsEnded() && !_byRound.ContainsKey(round))
        {
            LogResumed(engine.Logger, state.Key);
            Drive(state).Resume(outage);
        }
    }

    private RunDriver Drive(RunState state)
    {
        ObjectDisposedException.ThrowIf(_stopping, this);
        var driver = engine.Drive(state, _drivers ??= engine.DriversOn(TaskScheduler.Current));
        _byRound.Add(state.Key.Round, driver);
        DelayDeactivation(Timeout.InfiniteTimeSpan);
        _ = ForgetAfterAsync(driver);
        return driver;
    }

    private async Task ForgetAfterAsync(RunDriver driver)
    {
        await driver.Over;
        _byRound.Remove(driver.Key.Round);
        if (_byRound.Count == 0 && _submitting.Count == 0 && !_stopping)
        {
            DeactivateOnIdle();
        }
    }

    [LoggerMessage(710, LogLevel.Information, "Run '{Run}' is resumed here")]
    private static partial void LogResumed(ILogger logger, RunKey run);
}
