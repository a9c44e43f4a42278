using AgentGrid.GrainInterfaces;
using AgentGrid.RunLog;
using AgentGrid.Streams;
using StackExchange.Redis;

namespace AgentGrid.Silo.Hosting;

/// <summary>The stream that carries what is kept in the run log to feeds.</summary>
internal static class EventStreams
{
    // A subscriber that is gone must not be waited for.
    public static readonly TimeSpan LongestDelivery = TimeSpan.FromSeconds(10);

    /// <param name="log">Where the events are kept.</param>
    public static ISiloBuilder AddEventStreams(
        this ISiloBuilder silo, RunLogOptions log, Func<IServiceProvider, IConnectionMultiplexer> redis) =>
        silo.AddRedisStreams(
            ClusterNames.Events,
            o =>
            {
                o.Connection = redis;
                o.KeyPrefix = $"{{{log.KeyPrefix}}}";
                o.Replicas = log.Replicas;
                o.Format = new TurnEntries();
            },
            streams => streams.ConfigurePullingAgent(
                agent => agent.Configure(static o => o.MaxEventDeliveryTime = LongestDelivery)));
}
