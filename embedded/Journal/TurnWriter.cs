using System.Buffers;
using System.Text.Json;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Runs;

namespace AgentGrid.Embedded.Journal;

/// <summary>Writes what a turn consists of. Keeps its buffers, so it serves one thread at a time.</summary>
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

    /// <summary>The events as the journal keeps them, and as feeds show them.</summary>
    public (byte[] Record, FeedDraft[] Drafts) Write(RunRef run, IReadOnlyList<RunEvent> events)
    {
        _buffer.ResetWrittenCount();
        _json.Reset();
        RunEventJson.Write(_json, events);
        _json.Flush();
        var drafts = new FeedDraft[events.Count];
        for (var i = 0; i < drafts.Length; i++)
        {
            drafts[i] = _feed.Draft(run.Id, run.Key, events[i]);
        }
        return (_buffer.WrittenSpan.ToArray(), drafts);
    }
}
