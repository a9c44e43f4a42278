using AgentGrid.Core.Runs;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Records;

/// <summary>One turn as it was kept.</summary>
/// <param name="Last">The number of its last event.</param>
/// <param name="Version">How many events the run had before it.</param>
internal readonly record struct Turn(long Last, RunRow Row, long Version, int Count, ReadOnlyMemory<byte> Events);

/// <summary>Turns in the order of their numbers, and their runs, as they were at the same moment.</summary>
internal sealed record TurnPage(List<Turn> Turns, Dictionary<RunId, RunRow> Rows, bool AtEnd)
{
    /// <exception cref="RunLogException">A record or a run is damaged.</exception>
    public static TurnPage Read(RedisResult[] answer)
    {
        var (turns, runs) = ((RedisResult[])answer[1]!, (RedisResult[])answer[2]!);
        var rows = new Dictionary<RunId, RunRow>(runs.Length / 4);
        for (var i = 0; i < runs.Length; i += 4)
        {
            var run = RunId.Parse((string)runs[i]!);
            if (runs[i + 3].IsNull)
            {
                throw RunLogException.Damaged(run, "has events in the log, and is not there itself");
            }
            rows.Add(run, RunRow.Read(0, run, (byte[]?)runs[i + 1], (byte[]?)runs[i + 2], (long)runs[i + 3]));
        }
        var read = new List<Turn>(turns.Length / 3);
        for (var i = 0; i < turns.Length; i += 3)
        {
            read.Add(Open((long)turns[i], rows[RunId.Parse((string)turns[i + 1]!)], (byte[]?)turns[i + 2]));
        }
        return new TurnPage(read, rows, (int)answer[0] == 1);
    }

    private static Turn Open(long last, RunRow row, byte[]? record) =>
        record is null ? throw RunLogException.Damaged(row.Id, $"lacks the record of event {last}")
        : Sealed.TryOpen(record, Part.Turn, row.Id, out var opened)
            ? new Turn(last, row, opened.Version, opened.Count, opened.Text)
            : throw RunLogException.Damaged(
                row.Id, $"has a record without its checksum, event {last} ({record.Length} bytes)");
}
