using AgentGrid.GrainInterfaces;
using AgentGrid.Streams;
using StackExchange.Redis;

namespace AgentGrid.Silo.Hosting;

/// <summary>The stream that carries what is kept in the run log to feeds.</summary>
internal static class EventStreams
{
    // A subscriber that is gone must not be waited for.
    public static readonly TimeSpan LongestDelivery = TimeSpan.FromSeconds(10);

    /// <param name="keyPrefix">As the run log has it.</param>
    public static ISiloBuilder AddEventStreams(
        this ISiloBuilder silo, string keyPrefix, Func<IServiceProvider, IConnectionMultiplexer> redis) =>
        silo.AddRedisStreams(
            ClusterNames.Events,
            o =>
            {
                o.Connection = redis;
                o.KeyPrefix = $"{{{keyPrefix}}}";
                o.Format = new TurnEntries();
            },
            streams => streams.ConfigurePullingAgent(
                agent => agent.Configure(static o => o.MaxEventDeliveryTime = LongestDelivery)));
}
