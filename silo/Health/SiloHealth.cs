using System.Collections.Immutable;
using AgentGrid.Api.Health;
using AgentGrid.GrainClient;
using AgentGrid.Grains.Nodes;
using AgentGrid.RunLog;
using AgentGrid.RunLog.Connections;
using AgentGrid.Silo.Settings;
using StackExchange.Redis;

namespace AgentGrid.Silo.Health;

/// <summary>The health of a silo that serves no client API: it is ready when it takes attempts.</summary>
internal sealed class SiloHealth(
    SiloSettings settings, ILocalNode node, ISiloStatusOracle silos, RedisRunLog log,
    [FromKeyedServices(AgentGridClientServices.RedisKey)] IConnectionMultiplexer redis, TimeProvider time)
    : IHealth
{
    private static readonly TimeSpan LongestPing = TimeSpan.FromSeconds(1);

    public async ValueTask<bool> IsReadyAsync(CancellationToken cancellationToken) =>
        (await ObstaclesAsync(cancellationToken)).IsEmpty;

    public async ValueTask<IHealthView> DescribeAsync(CancellationToken cancellationToken)
    {
        var obstacles = await ObstaclesAsync(cancellationToken);
        var config = node.Config.Problems;
        ImmutableArray<string> problems =
        [
            .. obstacles,
            .. obstacles.IsEmpty && await EvictionAsync(cancellationToken) is { } policy
                ? [RedisRunLog.EvictionProblem(policy)]
                : Array.Empty<string>(),
        ];
        var isOk = problems.IsEmpty && config.IsEmpty;
        return new SiloHealthView(
            !obstacles.IsEmpty ? "unavailable" : isOk ? "ok" : "degraded", "orleans", obstacles.IsEmpty,
            problems, node.Name, settings.ClusterId, node.HeldSlots, silos.GetActiveSilos().Length,
            new ConfigHealth(node.Config.LoadedAt, node.Config.Changes, config));
    }

    private async Task<string?> EvictionAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await log.FindEvictionAsync().WaitAsync(LongestPing, time, cancellationToken);
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            return null;
        }
    }

    private async Task<ImmutableArray<string>> ObstaclesAsync(CancellationToken cancellationToken)
    {
        var obstacles = ImmutableArray.CreateBuilder<string>();
        if (node.IsDraining)
        {
            obstacles.Add("The node takes no further attempts: it is being shut down.");
        }
        if (silos.CurrentStatus != SiloStatus.Active)
        {
            obstacles.Add($"The silo is not an active member of cluster '{settings.ClusterId}': it is {silos.CurrentStatus}.");
        }
        try
        {
            await redis.GetDatabase().PingAsync().WaitAsync(LongestPing, time, cancellationToken);
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            obstacles.Add(
                $"Redis at {RedisConnection.AddressOf(settings.Redis!)} does not answer ({e.GetType().Name}): check that " +
                "it runs and can be reached from here.");
        }
        return obstacles.ToImmutable();
    }
}
