using System.Buffers;
using System.Text.Json;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Runs;

namespace AgentGrid.Embedded.Journal;

/// <summary>Writes what a turn consists of. Keeps its buffers, so it serves one thread at a time.</summary>
internal sealed class TurnWriter
{
    private const int MostEvents = 256;

    [ThreadStatic]
    private static TurnWriter? _ofThread;

    private readonly ArrayBufferWriter<byte> _buffer = new(4_096);
    private readonly Utf8JsonWriter _json;
    private readonly FeedWriter _feed = new();

    private TurnWriter() => _json = new Utf8JsonWriter(_buffer, new JsonWriterOptions { SkipValidation = true });

    /// <summary>The calling thread's own; not to be kept across an await.</summary>
    public static TurnWriter OfThread => _ofThread ??= new TurnWriter();

    /// <summary>Events as feeds show them.</summary>
    public FeedDraft[] Drafts(RunRef run, RunEvent[] events) => _feed.Drafts(run.Id, run.Key, events);

    /// <summary>Events as the journal keeps them: a record holds so many that a reader of some reads few in vain.</summary>
    public TurnRecord[] Records(RunEvent[] events)
    {
        var records = new TurnRecord[(events.Length + MostEvents - 1) / MostEvents];
        for (var i = 0; i < records.Length; i++)
        {
            var from = i * MostEvents;
            var some = records.Length == 1 ? events : events[from..Math.Min(from + MostEvents, events.Length)];
            records[i] = new TurnRecord(some.Length, Text(some));
        }
        return records;
    }

    private byte[] Text(RunEvent[] events)
    {
        _buffer.ResetWrittenCount();
        _json.Reset();
        RunEventJson.Write(_json, events);
        _json.Flush();
        return _buffer.WrittenSpan.ToArray();
    }
}

/// <summary>Events that follow each other, as one row of the journal keeps them.</summary>
internal readonly record struct TurnRecord(int Events, byte[] Utf8);
