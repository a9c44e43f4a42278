using AgentGrid.Core.Agents;

namespace AgentGrid.Core.Runs;

/// <summary>How long a retry waits.</summary>
internal static class Backoff
{
    /// <summary>Exponential with a cap, shortened by chance that comes from the run's seed alone.</summary>
    /// <param name="tries">How many tries there have been, at least 1.</param>
    public static TimeSpan After(RetryPolicy policy, int tries, ulong seed, int step, int attempt)
    {
        var ticks = policy.Backoff.Ticks * Math.Pow(2, Math.Min(tries - 1, 62));
        var capped = Math.Min(ticks, policy.MaxBackoff.Ticks);
        var chance = (Mix(seed ^ Mix(((ulong)(uint)step << 32) | (uint)attempt)) >> 11) * (1.0 / (1UL << 53));
        return TimeSpan.FromTicks((long)(capped * (1 - (policy.Jitter * chance))));
    }

    // The finaliser of SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
    private static ulong Mix(ulong z)
    {
        z += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
