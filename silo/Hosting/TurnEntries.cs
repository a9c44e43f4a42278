using System.Globalization;
using AgentGrid.GrainInterfaces;
using AgentGrid.GrainInterfaces.Feed;
using AgentGrid.Streams;
using StackExchange.Redis;

namespace AgentGrid.Silo.Hosting;

/// <summary>The entries that the run log's scripts append to the stream of turns.</summary>
internal sealed class TurnEntries : IRedisEntryFormat
{
    public NameValueEntry[] Write<T>(
        StreamId stream, IEnumerable<T> events, Dictionary<string, object>? requestContext) =>
        throw new NotSupportedException(
            "Turns are appended to their stream in the step that keeps them in the run log, and by nobody else.");

    public StreamMessage Read(NameValueEntry[] fields)
    {
        string Text(string name) => (string?)Array.Find(fields, f => f.Name == name).Value
            ?? throw new FormatException($"The entry has no field '{name}'.");
        return new StreamMessage(ClusterNames.EventStream,
        [
            new FeedTurn(
                long.Parse(Text("last"), NumberStyles.None, CultureInfo.InvariantCulture), Text("run"), Text("match"),
                Text("round"), (byte[]?)Array.Find(fields, static f => f.Name == "record").Value ?? []),
        ]);
    }
}
