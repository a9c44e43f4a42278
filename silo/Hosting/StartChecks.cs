using System.Collections.Frozen;
using System.Net;
using System.Net.Sockets;
using AgentGrid.Api;
using AgentGrid.GrainClient;
using AgentGrid.RunLog;
using AgentGrid.RunLog.Connections;
using AgentGrid.Silo.Settings;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using StackExchange.Redis;

namespace AgentGrid.Silo.Hosting;

/// <summary>
/// Looks, before anything is started, whether it can be: whether Redis answers and allows what is needed, whether the
/// node's name is free, and whether silos that are gone are known to be.
/// </summary>
internal sealed class StartChecks(
    SiloSettings settings, SiloAddresses own, IMembershipTable members, ClusterMembershipOptions membership,
    TimeProvider time)
{
    // A silo that was killed or frozen is declared dead by then; one that is started again has the name of the one before.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestConnect = TimeSpan.FromSeconds(3);

    // How Redis begins to say that it is not well just now: it may be later, and the silo waits for that.
    private static readonly FrozenSet<string> s_unwell = FrozenSet.Create(
        StringComparer.Ordinal, "OOM", "MISCONF", "NOREPLICAS", "LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN");

    /// <exception cref="Core.Grid.GridUnavailableException">Redis does not answer.</exception>
    /// <exception cref="StartupRefusedException">The name is taken, or Redis does not allow what is needed.</exception>
    public static async Task PassAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        var settings = services.GetRequiredService<SiloSettings>();
        var time = services.GetRequiredService<TimeProvider>();
        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(RedisGate));
        await RedisGate.PassAsync(settings.Redis!, time, logger, cancellationToken);
        if (settings.IsSilo)
        {
            await CheckRightsAsync(services, settings);
            await CheckEvictionAsync(services.GetRequiredService<RedisRunLog>());
            var checks = new StartChecks(
                settings, services.GetRequiredService<SiloAddresses>(), services.GetRequiredService<IMembershipTable>(),
                services.GetRequiredService<IOptions<ClusterMembershipOptions>>().Value, time);
            await checks.CheckNameAsync(cancellationToken);
            await checks.AwaitSilenceAsync(cancellationToken);
        }
    }

    private static async Task CheckRightsAsync(IServiceProvider services, SiloSettings settings)
    {
        try
        {
            await services.GetRequiredService<RedisRunLog>().CheckRightsAsync();
            // What Orleans keeps has the same name before a slash.
            var redis = services.GetRequiredKeyedService<IConnectionMultiplexer>(AgentGridClientServices.RedisKey);
            await redis.GetDatabase().KeyDeleteAsync($"{settings.KeyPrefix}/rights");
        }
        catch (RedisServerException e) when (!s_unwell.Contains(e.Message.Split(' ')[0]))
        {
            var (keys, channel) = (settings.KeyPrefix, settings.RunLog.Channel);
            throw new StartupRefusedException(
                $"Redis at {RedisConnection.AddressOf(settings.Redis!)} does not allow what a silo needs: {e.Message} " +
                $"Give its user these rights: ~{{{keys}}}* ~{keys}/* &{{{keys}}}*{(channel is null ? "" : $" &{channel}")} +@all " +
                "-@admin -@dangerous +info; or, where it is a replica, name the one that takes writes.");
        }
    }

    private static async Task CheckEvictionAsync(RedisRunLog log)
    {
        if (await log.FindEvictionAsync() is { } policy)
        {
            throw new StartupRefusedException(RedisRunLog.EvictionProblem(policy));
        }
    }

    // Whoever has given no sign of life for so long can be declared dead.
    private TimeSpan Silence => membership.IAmAliveTablePublishTimeout * membership.NumMissedTableIAmAliveLimit;

    private async Task CheckNameAsync(CancellationToken cancellationToken)
    {
        await members.InitializeMembershipTableAsync(tryInitTableVersion: true, cancellationToken);
        var started = time.GetTimestamp();
        var signs = new Heartbeats(time);
        while (await OtherAsync(signs, cancellationToken) is { } other)
        {
            if (time.GetElapsedTime(started) > Patience)
            {
                throw new StartupRefusedException(
                    $"The name '{own.Name}' is taken in cluster '{settings.ClusterId}': the silo at {other} has it, and " +
                    "runs. Choose another one with --name, or stop that silo.");
            }
            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    // A member of the same name that can still be connected to and may be alive; one at our own address is our
    // predecessor.
    private async Task<IPEndPoint?> OtherAsync(Heartbeats signs, CancellationToken cancellationToken)
    {
        var mine = new IPEndPoint(own.Advertised, own.SiloPort);
        foreach (var (member, _) in (await members.ReadAllAsync(cancellationToken)).Members)
        {
            if (member.SiloName == own.Name && member.Status is SiloStatus.Active or SiloStatus.Joining
                && !member.SiloAddress.Endpoint.Equals(mine) && signs.Of(member).SilentFor < Silence
                && await IsReachableAsync(member.SiloAddress.Endpoint, cancellationToken))
            {
                return member.SiloAddress.Endpoint;
            }
        }
        return null;
    }

    // All silos were killed at once, and nobody was left to declare them dead: then those that join do so, but only if
    // the dead have been silent for long enough at that moment. Else they would wait for them for minutes.
    private async Task AwaitSilenceAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var signs = new Heartbeats(time);
        while (time.GetElapsedTime(started) < Patience && await MayAllBeGoneAsync(signs, cancellationToken))
        {
            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    // Some member has lately said that it is alive, and none has done so since the first look.
    private async Task<bool> MayAllBeGoneAsync(Heartbeats signs, CancellationToken cancellationToken)
    {
        var mine = new IPEndPoint(own.Advertised, own.SiloPort);
        var active = (await members.ReadAllAsync(cancellationToken)).Members.Select(m => m.Item1)
            .Where(m => m.Status == SiloStatus.Active && !m.SiloAddress.Endpoint.Equals(mine)).ToArray();
        var lately = time.GetUtcNow().UtcDateTime - Silence;
        return active.Any(m => m.IAmAliveTime >= lately || m.StartTime >= lately)
            && !active.Any(m => signs.Of(m).HasSpoken);
    }

    private async Task<bool> IsReachableAsync(IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        using var enough = new CancellationTokenSource(LongestConnect, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(enough.Token, cancellationToken);
        using var client = new TcpClient(endPoint.AddressFamily);
        try
        {
            await client.ConnectAsync(endPoint, either.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException || enough.IsCancellationRequested)
        {
            return false;
        }
    }
}
