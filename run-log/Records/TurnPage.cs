using AgentGrid.Core;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Records;

/// <summary>One turn as it was kept.</summary>
/// <param name="Last">The number of its last event.</param>
/// <param name="Run">The run's id, or what stands in its place.</param>
/// <param name="Key">The key of its run; empty where it is not known.</param>
/// <param name="Record">What was written, not opened yet; null when it is missing.</param>
internal readonly record struct Turn(long Last, string Run, RunKey Key, FoundRun Found, byte[]? Record)
{
    /// <summary>How many events it says that it has, sound or not; 0 when it says nothing.</summary>
    public int Claimed => Sealed.ClaimedCount(Record);

    /// <exception cref="RunLogException">It is damaged, or its run is.</exception>
    public Sealed Open()
    {
        var run = Found.Sound.Id;
        return Record is null ? throw RunLogException.Damaged(run, $"lacks the record of event {Last}")
            : Sealed.TryOpen(Record, Part.Turn, run, out var opened) ? opened
            : throw RunLogException.Damaged(
                run, $"has a record without its checksum, event {Last} ({Record.Length} bytes)");
    }
}

/// <summary>Turns in the order of their numbers, and their runs, as they were at the same moment.</summary>
internal sealed record TurnPage(List<Turn> Turns, Dictionary<string, (FoundRun Found, RunKey Key)> Runs, bool AtEnd)
{
    public static TurnPage Read(RedisResult[] answer)
    {
        const int ofRun = 6;
        var (turns, kept) = ((RedisResult[])answer[1]!, (RedisResult[])answer[2]!);
        var runs = new Dictionary<string, (FoundRun Found, RunKey Key)>(kept.Length / ofRun);
        for (var i = 0; i < kept.Length; i += ofRun)
        {
            var id = (string)kept[i]!;
            var found = FoundRun.Read(0, id, (byte[]?)kept[i + 1], (byte[]?)kept[i + 2], (RedisValue)kept[i + 3]);
            var key = found.Row?.Head.Key
                ?? new RunKey((string?)kept[i + 4] ?? "", (string?)kept[i + 5] ?? "");
            runs.Add(id, (found, key));
        }
        var read = new List<Turn>(turns.Length / 3);
        for (var i = 0; i < turns.Length; i += 3)
        {
            var run = (string)turns[i + 1]!;
            read.Add(new Turn((long)turns[i], run, runs[run].Key, runs[run].Found, (byte[]?)turns[i + 2]));
        }
        return new TurnPage(read, runs, (int)answer[0] == 1);
    }
}
