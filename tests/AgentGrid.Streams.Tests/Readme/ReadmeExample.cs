using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace AgentGrid.Streams.Tests.Readme;

[GenerateSerializer, Immutable]
internal sealed record Reading([property: Id(0)] double Value);

internal static class ReadmeExample
{
    public static void Add(ISiloBuilder silo, IClientBuilder client)
    {
        silo.AddRedisStreams("readings", o =>
        {
            o.Connection = services => services.GetRequiredService<IConnectionMultiplexer>();
            o.KeyPrefix = "{plant}";
        });
        client.AddRedisStreams("readings", o =>
        {
            o.Connection = services => services.GetRequiredService<IConnectionMultiplexer>();
            o.KeyPrefix = "{plant}";
        });
    }
}

internal sealed class ReadingFormat : IRedisEntryFormat
{
    public StreamMessage Read(NameValueEntry[] fields) => new(
        StreamId.Create("sensors", (string)fields[0].Value!),
        [new Reading((double)fields[1].Value)]);

    public NameValueEntry[] Write<T>(StreamId stream, IEnumerable<T> events, Dictionary<string, object>? requestContext) =>
        throw new NotSupportedException("Sensors write their readings themselves.");
}
