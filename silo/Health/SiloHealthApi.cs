using System.Collections.Immutable;
using AgentGrid.Api.Health;
using AgentGrid.Api.Requests;
using AgentGrid.Api.Security;
using AgentGrid.GrainClient;
using AgentGrid.GrainClient.Connections;
using AgentGrid.Grains.Nodes;
using AgentGrid.RunLog;
using AgentGrid.Silo.Settings;
using StackExchange.Redis;

namespace AgentGrid.Silo.Health;

/// <summary>
/// The health of a silo that serves no client API. <c>/health/live</c>: the process answers. <c>/health/ready</c>: it
/// takes attempts. <c>/health</c>: what it knows of itself.
/// </summary>
internal sealed class SiloHealthApi(
    SiloSettings settings, Node node, ISiloStatusOracle silos, RedisRunLog log,
    [FromKeyedServices(AgentGridClientServices.RedisKey)] IConnectionMultiplexer redis, TimeProvider time)
{
    private static readonly TimeSpan LongestPing = TimeSpan.FromSeconds(1);

    public void Map(IEndpointRouteBuilder app)
    {
        var health = app.MapGroup("/health").AsApi();
        health.MapGet("/live", () => Results.Json(new ProbeView("live")));
        health.MapGet("/ready", ReadyAsync);
        health.MapGet("/", DetailsAsync).Requires(ApiScope.Read);
    }

    private async Task<IResult> ReadyAsync(CancellationToken cancellationToken)
    {
        var ready = (await ObstaclesAsync(cancellationToken)).IsEmpty;
        return Results.Json(new ProbeView(ready ? "ready" : "not_ready"), statusCode: ready ? 200 : 503);
    }

    private async Task<IResult> DetailsAsync(CancellationToken cancellationToken)
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
        var view = new SiloHealthView(
            !obstacles.IsEmpty ? "unavailable" : isOk ? "ok" : "degraded", "orleans", obstacles.IsEmpty,
            problems, node.Describe().Node, settings.ClusterId, node.Describe().Held.Length,
            silos.GetActiveSilos().Length,
            new ConfigHealth(node.Config.LoadedAt, node.Config.Changes, config));
        return Results.Json(view, statusCode: obstacles.IsEmpty ? 200 : 503);
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
            obstacles.Add($"The silo is no active member of cluster '{settings.ClusterId}': it is {silos.CurrentStatus}.");
        }
        try
        {
            await redis.GetDatabase().PingAsync().WaitAsync(LongestPing, time, cancellationToken);
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            obstacles.Add(
                $"Redis at {RedisConnection.AddressOf(settings.Redis)} does not answer ({e.GetType().Name}): look whether " +
                "it runs, and can be reached from here.");
        }
        return obstacles.ToImmutable();
    }
}
