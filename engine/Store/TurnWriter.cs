using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Store;

/// <summary>Writes what is kept and shown of a turn. Keeps its buffers, so it serves one thread at a time.</summary>
public sealed class TurnWriter
{
    private const int FirstBytes = 4_096;
    private const int MostKeptBytes = 2 * 1_024 * 1_024;

    [ThreadStatic]
    private static TurnWriter? _ofThread;

    private ArrayBufferWriter<byte> _buffer = new(FirstBytes);
    private readonly Utf8JsonWriter _json;

    private TurnWriter() => _json = new Utf8JsonWriter(_buffer, new JsonWriterOptions { SkipValidation = true });

    /// <summary>The calling thread's own; not to be kept across an await.</summary>
    public static TurnWriter OfThread => _ofThread ??= new TurnWriter();

    /// <summary>What makes feed events of events.</summary>
    public FeedWriter Feed { get; } = new();

    /// <summary>Events as stores keep them: a sealed record.</summary>
    /// <param name="version">How many events the run had before them.</param>
    /// <returns>The writer's own bytes: they hold until it writes the next record.</returns>
    public ReadOnlySpan<byte> Turn(RunId run, long version, IReadOnlyList<RunEvent> events)
    {
        Begin();
        RunEventJson.Write(_json, events);
        return End(RecordKind.Turn, run, events.Count, version);
    }

    /// <summary>What never changes of a run: a sealed record.</summary>
    public byte[] Head(RunId run, RunHead head) => Record(RecordKind.Head, run, 0, head, RecordJson.Head);

    /// <summary>Where a run stands: a sealed record.</summary>
    /// <param name="version">How many events the run has.</param>
    public byte[] Tip(long version, RunSummary run) =>
        Record(RecordKind.Tip, run.RunId, version, run, RecordJson.Tip);

    private byte[] Record<T>(RecordKind kind, RunId run, long version, T value, JsonTypeInfo<T> type)
    {
        Begin();
        JsonSerializer.Serialize(_json, value, type);
        return End(kind, run, 0, version).ToArray();
    }

    private void Begin()
    {
        // After a turn with a large output: there are as many of these as threads.
        _buffer = _buffer.Capacity > MostKeptBytes ? new ArrayBufferWriter<byte>(FirstBytes) : _buffer;
        _buffer.ResetWrittenCount();
        _json.Reset(_buffer);
        _buffer.Advance(SealedRecord.HeaderBytes);
    }

    private ReadOnlySpan<byte> End(RecordKind kind, RunId run, int count, long version)
    {
        _json.Flush();
        var record = MemoryMarshal.AsMemory(_buffer.WrittenMemory).Span;
        SealedRecord.Seal(record, kind, run, count, version);
        return record;
    }
}
