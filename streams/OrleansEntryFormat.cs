using Orleans.Serialization;
using StackExchange.Redis;

namespace AgentGrid.Streams;

/// <summary>Entries as Orleans' serializer writes them: two fields, the stream for people and what it carries.</summary>
internal sealed class OrleansEntryFormat(Serializer<OrleansEntryFormat.Payload> serializer) : IRedisEntryFormat
{
    private static readonly RedisValue s_stream = "stream", s_payload = "payload";

    public NameValueEntry[] Write<T>(
        StreamId stream, IEnumerable<T> events, Dictionary<string, object>? requestContext) =>
    [
        new(s_stream, stream.ToString()),
        new(s_payload, serializer.SerializeToArray(
            new Payload(stream, [.. events.Select(static e => (object)e!)], requestContext))),
    ];

    public StreamMessage Read(NameValueEntry[] fields)
    {
        var bytes = (byte[]?)Array.Find(fields, static f => f.Name == s_payload).Value
            ?? throw new FormatException($"It has no field '{s_payload}'.");
        var payload = serializer.Deserialize(bytes) ?? throw new FormatException("Its payload is null.");
        return new StreamMessage(payload.Stream, payload.Events, payload.RequestContext);
    }

    [GenerateSerializer, Immutable, Alias("agentgrid.streams.Payload")]
    internal sealed record Payload(
        [property: Id(0)] StreamId Stream, [property: Id(1)] object[] Events,
        [property: Id(2)] Dictionary<string, object>? RequestContext);
}
