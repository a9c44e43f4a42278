using System.Collections.Immutable;
using AgentGrid.Core.Grid;

namespace AgentGrid.Engine.Telemetry;

/// <summary>Counts durations in buckets that grow by 5%, from 1 microsecond to a day.</summary>
public sealed class LatencyHistogram
{
    private const double Growth = 1.05;
    private const int Buckets = 520;
    private static readonly double LogGrowth = Math.Log(Growth);

    private readonly long[] _counts = new long[Buckets];
    private long _maxTicks;

    /// <summary>The longest duration that was added.</summary>
    public TimeSpan Longest => TimeSpan.FromTicks(Volatile.Read(ref _maxTicks));

    /// <summary>One more duration.</summary>
    public void Add(TimeSpan duration)
    {
        var micros = duration.TotalMicroseconds;
        var bucket = micros <= 1 ? 0 : (int)(Math.Log(micros) / LogGrowth) + 1;
        Interlocked.Increment(ref _counts[Math.Min(bucket, Buckets - 1)]);
        Raise(duration);
    }

    /// <summary>What is in the buckets that are not empty: the index of a bucket and its count, in turn.</summary>
    public ImmutableArray<long> Filled()
    {
        var filled = ImmutableArray.CreateBuilder<long>();
        for (var i = 0; i < Buckets; i++)
        {
            if (Volatile.Read(ref _counts[i]) is > 0 and var count)
            {
                filled.Add(i);
                filled.Add(count);
            }
        }
        return filled.ToImmutable();
    }

    /// <summary>Adds what another histogram has counted: its <see cref="Filled"/> and its <see cref="Longest"/>.</summary>
    public void Merge(ImmutableArray<long> filled, TimeSpan longest)
    {
        for (var i = 0; i + 1 < filled.Length; i += 2)
        {
            Interlocked.Add(ref _counts[Math.Clamp(filled[i], 0, Buckets - 1)], filled[i + 1]);
        }
        Raise(longest);
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

    private void Raise(TimeSpan longest)
    {
        var max = Volatile.Read(ref _maxTicks);
        while (longest.Ticks > max)
        {
            max = Interlocked.CompareExchange(ref _maxTicks, longest.Ticks, max);
        }
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
