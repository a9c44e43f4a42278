using AgentGrid.GrainInterfaces.Agents;
using AgentGrid.Grains.Nodes;
using AgentGrid.RunLog.Connections;
using AgentGrid.Silo.Hosting;
using AgentGrid.Silo.Settings;

namespace AgentGrid.Silo.Members;

/// <summary>
/// Sees to it, once a second, that this silo is in the table of members. One that cannot reach Redis can neither keep
/// nor read a run, and has runs that others would drive: when another reaches it all the time, this one ends. While
/// nobody does, all wait.
/// </summary>
internal sealed partial class MembersWatch(
    MembersTable table, RedisReach reach, ILocalSiloDetails silo, ISiloStatusOracle silos, IGrainFactory grains,
    SiloSettings settings, ProcessExit exit, TimeProvider time, ILogger<MembersWatch> logger) : BackgroundService
{
    private const int FewestMisses = 3;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(1.5);

    // As long as others need to find out that a silo does not answer.
    private static readonly TimeSpan LongestAway = TimeSpan.FromSeconds(4);

    // After so long it does not matter any more that others had lost Redis as well.
    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(15);

    private Task<MembersLook>? _look;
    private int _misses;
    private string _problem = "";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                await LookAsync(stoppingToken).ConfigureAwait(false);
                if (_misses >= FewestMisses && reach.AwayFor is { } away && away > LongestAway
                    && await OtherWithRedisAsync(away).ConfigureAwait(false) is { } other)
                {
                    exit.LeaveCluster(
                        silo,
                        $"it has not reached Redis at {RedisConnection.AddressOf(settings.Redis!)} for " +
                        $"{away.TotalSeconds:0} s ({_problem}), and '{other}' has; so its runs go on there. Look at " +
                        "the way from this machine to Redis.");
                }
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException && stoppingToken.IsCancellationRequested)
        {
            return;
        }
    }

    private async Task LookAsync(CancellationToken stoppingToken)
    {
        var tried = time.GetTimestamp();
        try
        {
            // One that hangs is waited for further, and not joined by others.
            _look ??= LookAtTableAsync();
            var look = await _look.WaitAsync(LongestLook, time, stoppingToken).ConfigureAwait(false);
            _look = null;
            if (_misses >= FewestMisses)
            {
                LogBack(logger, (reach.AwayFor ?? TimeSpan.Zero).TotalSeconds);
            }
            _misses = 0;
            reach.Reached();
            Heed(look);
        }
        catch (Exception e) when (e is not OutOfMemoryException && !stoppingToken.IsCancellationRequested)
        {
            _look = _look is { IsCompleted: true } ? null : _look;
            _problem = e.Message;
            reach.Missed(tried);
            if (++_misses == FewestMisses)
            {
                LogAway(logger, RedisConnection.AddressOf(settings.Redis!), _problem);
            }
        }
    }

    private async Task<MembersLook> LookAtTableAsync()
    {
        var isActive = silos.CurrentStatus == SiloStatus.Active;
        var look = await table.LookAsync().ConfigureAwait(false);
        return look is MembersLook.Unseen && isActive ? new MembersLook.Out() : look;
    }

    private void Heed(MembersLook look)
    {
        switch (look)
        {
            case MembersLook.Kept or MembersLook.Unseen:
                break;
            case MembersLook.Mended mended:
                LogMended(logger, table.Name, mended.IsGone ? "gone" : "older than it was", mended.Rows, mended.Of);
                break;
            case MembersLook.Out:
                exit.LeaveCluster(
                    silo,
                    $"it is not in the table of members in Redis ('{table.Name}') any more, and the others have gone " +
                    "on without it. Most likely it was frozen or cut off for a long time, or the table was lost as it joined.");
                break;
            default:
                throw new InvalidOperationException($"Unknown look {look.GetType()}.");
        }
    }

    // One that has reached Redis for all the time that this silo has not; or one for which it is long back.
    private async Task<string?> OtherWithRedisAsync(TimeSpan away)
    {
        var names = silos.GetActiveSilos().Where(s => !s.Equals(silo.SiloAddress))
            .Select(s => silos.TryGetSiloName(s, out var name) ? name : null).OfType<string>();
        var answers = await Task.WhenAll(names.Select(AskAsync)).ConfigureAwait(false);
        var needed = away < LongEnough ? away : LongEnough;
        return Array.Find(answers, a => a.RedisFor >= needed).Name;
    }

    private async Task<(string? Name, TimeSpan? RedisFor)> AskAsync(string name)
    {
        try
        {
            var report = await grains.GetGrain<INodeGrain>(name).DescribeAsync().WaitAsync(LongestLook, time)
                .ConfigureAwait(false);
            return (name, report.RedisFor);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            LogUnheard(logger, e, name);
            return (name, null);
        }
    }
}
