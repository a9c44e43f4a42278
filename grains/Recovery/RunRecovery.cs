using AgentGrid.Engine.Artifacts;
using AgentGrid.Engine.Store;
using AgentGrid.GrainInterfaces.Matches;
using AgentGrid.Grains.Nodes;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Grains.Recovery;

/// <summary>
/// Sees to it that every run that has not ended is driven by somebody, and that webhooks are told what they are owed: whenever the members of the cluster change, and
/// from time to time. One silo does so for all, the first by its address. It also removes what is older than the
/// retention, and artifacts that nobody needs.
/// </summary>
internal sealed partial class RunRecovery(
    Node node, IRunStore log, ISiloStatusOracle silos, IGrainFactory grains, ILogger<RunRecovery> logger)
    : BackgroundService, ISiloStatusListener
{
    private const int AtOnce = 32;
    private const int SweepAtOnce = 1_000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Regularly = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan ArtifactInterval = TimeSpan.FromSeconds(60);

    private readonly ArtifactSweeper? _artifacts = node.Invocations.Artifacts is not { } store ? null : new(
        store, async run => (await log.FindAsync(run).ConfigureAwait(false))?.Summary,
        async run => await log.ReplayAsync(run).ConfigureAwait(false), node.Time, logger);
    private readonly SemaphoreSlim _changed = new(0, 1);
    private Task _tidying = Task.CompletedTask;
    private long _artifactsAt = node.Time.GetTimestamp();
    private long _sweptAt = node.Time.GetTimestamp();
    private long _wokenAt;
    private volatile bool _failed;
    private (SiloAddress Silo, SiloStatus Status)[] _members = [];

    public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status)
    {
        lock (_changed)
        {
            if (_changed.CurrentCount == 0)
            {
                _changed.Release();
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        silos.SubscribeToSiloStatusEvents(this);
        try
        {
            while (true)
            {
                await LookAsync(stoppingToken).ConfigureAwait(false);
                await _changed.WaitAsync(_failed ? Pause : SweepInterval, stoppingToken).ConfigureAwait(false);
            }
        }
        finally
        {
            silos.UnSubscribeFromSiloStatusEvents(this);
            await _tidying.ConfigureAwait(false);
        }
    }

    private async Task LookAsync(CancellationToken stoppingToken)
    {
        var members = Members();
        var first = members.FirstOrDefault(m => m.Status == SiloStatus.Active).Silo;
        if (!silos.SiloAddress.Equals(first))
        {
            (_members, _failed) = ([], false);
            return;
        }
        try
        {
            if (_failed || !members.SequenceEqual(_members) || node.Time.GetElapsedTime(_wokenAt) > Regularly)
            {
                _failed = false;
                await WakeAsync(stoppingToken).ConfigureAwait(false);
                _members = members;
                _wokenAt = node.Time.GetTimestamp();
            }
            if (node.Time.GetElapsedTime(_sweptAt) > SweepInterval - Pause)
            {
                await SweepAsync().ConfigureAwait(false);
            }
            if (_artifacts is not null && node.Time.GetElapsedTime(_artifactsAt) > ArtifactInterval)
            {
                // Runs that nobody drives are not kept waiting by it.
                _tidying = Task.Run(() => _artifacts.SweepAsync(stoppingToken), CancellationToken.None);
                _artifactsAt = node.Time.GetTimestamp();
            }
        }
        catch (Exception e) when (Transient.Is(e) || e is DamageException)
        {
            _failed = true;
            LogFailed(logger, e);
        }
    }

    // With those that are about to leave: what they drive is handed over only when they have left.
    private (SiloAddress Silo, SiloStatus Status)[] Members() =>
    [
        .. silos.GetApproximateSiloStatuses().Where(s => s.Value != SiloStatus.Dead).OrderBy(s => s.Key)
            .Select(s => (s.Key, s.Value)),
    ];

    private async Task WakeAsync(CancellationToken stoppingToken)
    {
        var matches = (await log.ActiveAsync().ConfigureAwait(false)).Concat(await log.OwingAsync().ConfigureAwait(false))
            .Select(r => r.Key.MatchId).Distinct().ToArray();
        if (matches.Length == 0)
        {
            return;
        }
        LogWakes(logger, matches.Length);
        await Parallel.ForEachAsync(
            matches, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stoppingToken },
            async (match, _) => await WakeAsync(match).ConfigureAwait(false)).ConfigureAwait(false);
    }

    private async Task WakeAsync(string match)
    {
        try
        {
            await grains.GetGrain<IMatchGrain>(match).WakeAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (Transient.Is(e))
        {
            LogNotWoken(logger, e, match);
            _failed = true;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // One that is damaged must not keep the others waiting.
            LogNotWoken(logger, e, match);
        }
    }

    private async Task SweepAsync()
    {
        while (await log.SweepAsync(SweepAtOnce).ConfigureAwait(false) == SweepAtOnce)
        {
        }
        _sweptAt = node.Time.GetTimestamp();
    }

    [LoggerMessage(720, LogLevel.Information, "Looking after the runs of {Matches} matches")]
    private static partial void LogWakes(ILogger logger, int matches);

    [LoggerMessage(721, LogLevel.Warning, "Runs could not be looked after; trying again")]
    private static partial void LogFailed(ILogger logger, Exception exception);

    [LoggerMessage(722, LogLevel.Warning, "The runs of match '{Match}' could not be resumed; it is tried again")]
    private static partial void LogNotWoken(ILogger logger, Exception exception, string match);
}
