using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AgentGrid.Core;
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
