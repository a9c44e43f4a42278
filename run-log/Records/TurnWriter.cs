using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Runs;

namespace AgentGrid.RunLog.Records;

/// <summary>
/// Writes what a change of the log consists of. Keeps its buffers, so it serves one thread at a time.
/// </summary>
internal sealed class TurnWriter
{
    [ThreadStatic]
    private static TurnWriter? _ofThread;

    private readonly ArrayBufferWriter<byte> _buffer = new(4_096);
    private readonly Utf8JsonWriter _json;
    private readonly FeedWriter _feed = new();

    private TurnWriter() => _json = new Utf8JsonWriter(_buffer, new JsonWriterOptions { SkipValidation = true });

    /// <summary>The calling thread's own; not to be kept across an await.</summary>
    public static TurnWriter OfThread => _ofThread ??= new TurnWriter();

    public byte[] Turn(RunId run, long version, IReadOnlyList<RunEvent> events)
    {
        Begin();
        RunEventJson.Write(_json, events);
        return End(Part.Turn, run, events.Count, version);
    }

    public byte[] Head(RunId run, RunHead head) => Value(Part.Head, run, 0, head, RecordJson.Default.RunHead);

    public byte[] Tip(RunId run, long version, RunTip tip) =>
        Value(Part.Tip, run, version, tip, RecordJson.Default.RunTip);

    /// <summary>Events as feeds show them, with the number 0: see <see cref="Tail"/>.</summary>
    public FeedEvent[] Frames(RunId run, RunKey key, IReadOnlyList<RunEvent> events)
    {
        var frames = new FeedEvent[events.Count];
        for (var i = 0; i < frames.Length; i++)
        {
            frames[i] = _feed.Write(0, run, key, events[i]);
        }
        return frames;
    }

    /// <summary>
    /// What follows the number in an event that was written without one. Redis puts the number before it, because only
    /// there is it known when an event is published in the order of the numbers.
    /// </summary>
    public static ReadOnlyMemory<byte> Tail(FeedEvent frame) => frame.Utf8.Span.StartsWith("{\"seq\":0,"u8)
        ? frame.Utf8["{\"seq\":0".Length..]
        : throw new InvalidOperationException("A feed event is expected to begin with its number.");

    /// <summary>Gives events that were written without numbers those that they have got.</summary>
    public static ImmutableArray<FeedEvent> Number(FeedEvent[] frames, long last)
    {
        for (var i = 0; i < frames.Length; i++)
        {
            var seq = last - frames.Length + 1 + i;
            var tail = Tail(frames[i]).Span;
            var start = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"seq\":{seq}"));
            var utf8 = new byte[start.Length + tail.Length];
            start.CopyTo(utf8, 0);
            tail.CopyTo(utf8.AsSpan(start.Length));
            frames[i] = frames[i] with { Seq = seq, Utf8 = utf8 };
        }
        return ImmutableCollectionsMarshal.AsImmutableArray(frames);
    }

    private byte[] Value<T>(Part part, RunId run, long version, T value, JsonTypeInfo<T> type)
    {
        Begin();
        JsonSerializer.Serialize(_json, value, type);
        return End(part, run, 0, version);
    }

    private void Begin()
    {
        _buffer.ResetWrittenCount();
        _json.Reset();
        _buffer.Advance(Sealed.HeaderBytes);
    }

    private byte[] End(Part part, RunId run, int count, long version)
    {
        _json.Flush();
        var value = _buffer.WrittenSpan.ToArray();
        Sealed.Seal(value, part, run, count, version);
        return value;
    }
}
