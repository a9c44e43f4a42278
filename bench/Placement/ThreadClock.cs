using System.Runtime.InteropServices;

namespace AgentGrid.Bench.Placement;

/// <summary>How long the calling thread has computed, whatever else the machine has to do. Of Linux.</summary>
internal static partial class ThreadClock
{
    private const int ThreadCpuTime = 3;

    // What it costs to look at it, in nanoseconds: the least of many.
    private static readonly long s_cost = Enumerable.Range(0, 10_000).Min(static _ => -Read() + Read());

    /// <summary>In nanoseconds.</summary>
    public static long Now => Read();

    /// <summary>Since a time that was read, without the looking.</summary>
    public static TimeSpan Since(long began) => TimeSpan.FromTicks(Math.Max(0, Read() - began - s_cost) / TimeSpan.NanosecondsPerTick);

    private static long Read()
    {
        _ = ClockGetTime(ThreadCpuTime, out var time);
        return time.Seconds * 1_000_000_000 + time.Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int ClockGetTime(int clock, out Time time);

    private struct Time
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
