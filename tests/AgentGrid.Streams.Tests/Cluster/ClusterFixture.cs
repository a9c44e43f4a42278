using AgentGrid.Streams.Tests.Hosting;

namespace AgentGrid.Streams.Tests.Cluster;

/// <summary>
/// A cluster that several tests use, and that none of them breaks. Its caches are small, and it has patience with a machine
/// that stands still for a moment.
/// </summary>
public sealed class ClusterFixture(SharedRedis redis) : IAsyncLifetime
{
    public const int CacheSize = 256;

    internal StreamCluster Cluster { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Cluster = await StreamCluster.StartAsync(
        redis, static o => (o.CacheSize, o.MostAtOnce, o.Patience) = (CacheSize, CacheSize / 2, TimeSpan.FromSeconds(2)));

    public ValueTask DisposeAsync() => Cluster?.DisposeAsync() ?? ValueTask.CompletedTask;
}
