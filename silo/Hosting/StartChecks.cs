using System.Net;
using System.Net.Sockets;
using AgentGrid.ClientApi;
using AgentGrid.GrainClient;
using AgentGrid.GrainClient.Connections;
using AgentGrid.Silo.Settings;
using StackExchange.Redis;

namespace AgentGrid.Silo.Hosting;

/// <summary>
/// Looks, before anything is started, whether it can be: whether Redis answers, and whether the node's name is free.
/// </summary>
internal sealed class StartChecks(SiloSettings settings, IMembershipTable members, TimeProvider time)
{
    // A silo that was killed or frozen is declared dead by then; one that is started again has the name of the one before.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestConnect = TimeSpan.FromSeconds(1);

    /// <exception cref="Core.GridUnavailableException">Redis does not answer.</exception>
    /// <exception cref="StartupRefusedException">The name is taken.</exception>
    public static async Task PassAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        var settings = services.GetRequiredService<SiloSettings>();
        var time = services.GetRequiredService<TimeProvider>();
        await RedisGate.PassAsync(
            services.GetRequiredKeyedService<IConnectionMultiplexer>(AgentGridClientServices.RedisKey),
            RedisConnection.AddressOf(settings.Redis), time, cancellationToken);
        if (settings.IsSilo)
        {
            await new StartChecks(settings, services.GetRequiredService<IMembershipTable>(), time)
                .CheckNameAsync(services.GetRequiredService<SiloAddresses>(), cancellationToken);
        }
    }

    private async Task CheckNameAsync(SiloAddresses own, CancellationToken cancellationToken)
    {
        await members.InitializeMembershipTable(tryInitTableVersion: false);
        var started = time.GetTimestamp();
        while (await OtherAsync(own, cancellationToken) is { } other)
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

    // A member of the same name that can still be connected to; one at our own address is our predecessor.
    private async Task<IPEndPoint?> OtherAsync(SiloAddresses own, CancellationToken cancellationToken)
    {
        var mine = new IPEndPoint(own.Advertised, own.SiloPort);
        foreach (var (member, _) in (await members.ReadAll()).Members)
        {
            if (member.SiloName == own.Name && member.Status is SiloStatus.Active or SiloStatus.Joining
                && !member.SiloAddress.Endpoint.Equals(mine)
                && await IsReachableAsync(member.SiloAddress.Endpoint, cancellationToken))
            {
                return member.SiloAddress.Endpoint;
            }
        }
        return null;
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
