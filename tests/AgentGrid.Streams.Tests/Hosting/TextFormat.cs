using StackExchange.Redis;

namespace AgentGrid.Streams.Tests.Hosting;

/// <summary>Entries that any program can write: the field 'stream', and a field 'text' for each event.</summary>
internal sealed class TextFormat : IRedisEntryFormat
{
    public const string Namespace = "texts";

    public NameValueEntry[] Write<T>(
        StreamId stream, IEnumerable<T> events, Dictionary<string, object>? requestContext) =>
        [new("stream", stream.GetKeyAsString()), .. events.Select(static e => new NameValueEntry("text", $"{e}"))];

    public StreamMessage Read(NameValueEntry[] fields) => fields[0].Name == "stream"
        ? new(
            StreamId.Create(Namespace, (string)fields[0].Value!),
            [.. fields.Where(static f => f.Name == "text").Select(static f => (object)(string)f.Value!)])
        : throw new FormatException($"The first field is '{fields[0].Name}': expected 'stream'.");
}
