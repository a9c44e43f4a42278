namespace AgentGrid.Engine.Durations;

/// <summary>
/// Quantiles of numbers above zero, in which older ones count less: each counts half as much as one that came
/// <see cref="HalfLife"/> later. Buckets grow by 4%, so that a quantile is within 2%; only the part of them is there that is
/// used. Guarded by its owner.
/// </summary>
internal sealed class DecayedHistogram
{
    /// <summary>After so many further ones, one counts half.</summary>
    public const int HalfLife = 256;

    private const double Growth = 1.04;
    private const double Least = 1e-8;
    private const int MostBuckets = 816; // up to 790,000
    private const int Room = 8;
    private const float HeaviestWeight = 1e18f;
    private static readonly double s_logGrowth = Math.Log(Growth);
    private static readonly float s_gain = (float)Math.Pow(2, 1.0 / HalfLife);

    private float[] _weights = [];
    private int _first;
    private float _next = 1;

    /// <summary>How many there were, whatever they count for.</summary>
    public long Count { get; private set; }

    /// <summary>How many buckets are there.</summary>
    internal int Buckets => _weights.Length;

    /// <summary>One more.</summary>
    /// <param name="value">What is smaller than the smallest bucket, or larger than the largest, counts as that.</param>
    public void Add(double value)
    {
        var bucket = value > Least ? Math.Min((int)(Math.Log(value / Least) / s_logGrowth), MostBuckets - 1) : 0;
        MakeRoomFor(bucket);
        _weights[bucket - _first] += _next;
        Count++;
        // Instead of making all others lighter, each is heavier than the one before.
        _next *= s_gain;
        if (_next > HeaviestWeight)
        {
            MakeLighter();
        }
    }

    /// <summary>The number that a share of them does not exceed; 0 when there are none.</summary>
    public double Quantile(double share)
    {
        var wanted = share * Total();
        var (seen, last) = (0.0, -1);
        for (var i = 0; i < _weights.Length; i++)
        {
            if (_weights[i] > 0)
            {
                (seen, last) = (seen + _weights[i], i);
                if (seen >= wanted)
                {
                    break;
                }
            }
        }
        return last < 0 ? 0 : Least * Math.Pow(Growth, _first + last + 0.5);
    }

    /// <summary>Of seconds; null when there are none.</summary>
    public DurationQuantiles? Quantiles() => Count == 0
        ? null
        : new DurationQuantiles(
            Count, TimeSpan.FromSeconds(Quantile(0.50)), TimeSpan.FromSeconds(Quantile(0.95)), TimeSpan.FromSeconds(Quantile(0.99)));

    private double Total()
    {
        var total = 0.0;
        foreach (var weight in _weights)
        {
            total += weight;
        }
        return total;
    }

    private void MakeRoomFor(int bucket)
    {
        if (bucket >= _first && bucket < _first + _weights.Length)
        {
            return;
        }
        var first = _weights.Length == 0 ? bucket : Math.Min(bucket, _first);
        var end = Math.Max(bucket + 1, _first + _weights.Length);
        first = first / Room * Room;
        end = (end + Room - 1) / Room * Room;
        var weights = new float[end - first];
        _weights.CopyTo(weights.AsSpan(Math.Max(0, _first - first)));
        (_weights, _first) = (weights, first);
    }

    private void MakeLighter()
    {
        for (var i = 0; i < _weights.Length; i++)
        {
            _weights[i] /= HeaviestWeight;
        }
        _next = 1;
    }
}
