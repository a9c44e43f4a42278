using AgentGrid.Core;

namespace AgentGrid.Runtime.Runs;

/// <summary>Counts durations in buckets that grow by 5%, from 1 microsecond to a day.</summary>
internal sealed class LatencyHistogram
{
    private const double Growth = 1.05;
    private const int Buckets = 520;
    private static readonly double LogGrowth = Math.Log(Growth);

    private readonly long[] _counts = new long[Buckets];
    private long _maxTicks;

    public void Add(TimeSpan duration)
    {
        var micros = duration.TotalMicroseconds;
        var bucket = micros <= 1 ? 0 : (int)(Math.Log(micros) / LogGrowth) + 1;
        Interlocked.Increment(ref _counts[Math.Min(bucket, Buckets - 1)]);
        var max = Volatile.Read(ref _maxTicks);
        while (duration.Ticks > max)
        {
            max = Interlocked.CompareExchange(ref _maxTicks, duration.Ticks, max);
        }
    }

    /// <summary>Null when nothing has been added.</summary>
    public LatencyPercentiles? Percentiles()
    {
        var total = _counts.Sum();
        var max = TimeSpan.FromTicks(Volatile.Read(ref _maxTicks)).TotalMilliseconds;
        return total == 0
            ? null
            : new LatencyPercentiles(At(0.50, total, max), At(0.95, total, max), At(0.99, total, max), Round(max));
    }

    private double At(double share, long total, double max)
    {
        var wanted = (long)Math.Ceiling(share * total);
        long seen = 0;
        for (var i = 0; i < Buckets; i++)
        {
            seen += _counts[i];
            if (seen >= wanted)
            {
                return Round(Math.Min(Math.Pow(Growth, i) / 1_000, max));
            }
        }
        return Round(max);
    }

    private static double Round(double ms) => Math.Round(ms, 3);
}
