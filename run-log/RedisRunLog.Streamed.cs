using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Runs;
using AgentGrid.RunLog.Records;

namespace AgentGrid.RunLog;

public sealed partial class RedisRunLog
{
    [ThreadStatic]
    private static FeedWriter? _streamed;

    /// <summary>
    /// The events of a turn as the stream has it: <c>{prefix}:events:0</c>, to which every turn is appended in the step
    /// that keeps it, with the fields <c>last run match round record</c>.
    /// </summary>
    /// <param name="last">The number of its last event.</param>
    /// <param name="record">Empty where it is too large for the stream.</param>
    /// <returns>Empty when they must be read from the log, which says what is damaged.</returns>
    public static ImmutableArray<FeedEvent> Streamed(long last, string run, RunKey key, byte[] record)
    {
        if (record.Length == 0 || !RunId.TryParse(run, out var id)
            || !Sealed.TryOpen(record, Part.Turn, id, out var opened))
        {
            return [];
        }
        try
        {
            var kept = RunEventJson.Read(opened.Text.Span);
            var events = new FeedEvent[kept.Length];
            var writer = _streamed ??= new FeedWriter();
            for (var i = 0; i < kept.Length; i++)
            {
                events[i] = writer.Write(last - kept.Length + 1 + i, id, key, kept[i]);
            }
            return ImmutableCollectionsMarshal.AsImmutableArray(events);
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
