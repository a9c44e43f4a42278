using AgentGrid.Core.Agents;

namespace AgentGrid.Core.Runs;

/// <summary>How long a retry waits.</summary>
internal static class Backoff
{
    /// <summary>Exponential with a cap, shortened by chance that comes from the run's seed alone.</summary>
    /// <param name="tries">How many tries there have been, at least 1.</param>
    public static TimeSpan After(RetryPolicy policy, int tries, ulong seed, int step, int attempt) =>
        After(policy.Backoff, 2, policy.MaxBackoff, policy.Jitter, tries, seed, step, attempt);

    /// <summary>The same of a webhook, whose waits grow faster.</summary>
    public static TimeSpan OfWebhook(TimeSpan first, int tries, ulong seed, int delivery) =>
        After(first, 6, RunLimits.LongestWebhookRetry, 0.1, tries, seed, -delivery, tries);

    private static TimeSpan After(
        TimeSpan first, double factor, TimeSpan most, double jitter, int tries, ulong seed, int of, int number)
    {
        var ticks = first.Ticks * Math.Pow(factor, Math.Min(tries - 1, 62));
        var capped = Math.Min(ticks, most.Ticks);
        var chance = (Mix(seed ^ Mix(((ulong)(uint)of << 32) | (uint)number)) >> 11) * (1.0 / (1UL << 53));
        return TimeSpan.FromTicks((long)(capped * (1 - (jitter * chance))));
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
