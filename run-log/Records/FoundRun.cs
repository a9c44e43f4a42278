using AgentGrid.Core;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Records;

/// <summary>A run among others: what is kept of it, or what is damaged of that.</summary>
/// <param name="Number">The number of its acceptance; 0 where that was not asked for.</param>
internal sealed record FoundRun(long Number, RunRow? Row, RunLogException? Damage)
{
    /// <exception cref="RunLogException">It is damaged.</exception>
    public RunRow Sound => Row ?? throw Damage!;

    public static FoundRun Read(long number, string id, byte[]? head, byte[]? tip, RedisValue version)
    {
        try
        {
            return RunId.TryParse(id, out var run)
                ? new FoundRun(number, RunRow.Read(number, run, head, tip, version), null)
                : new FoundRun(number, null, RunLogException.Damaged(id, "is named in the log, and is no run's id"));
        }
        catch (RunLogException damage)
        {
            return new FoundRun(number, null, damage);
        }
    }
}
