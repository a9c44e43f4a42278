using System.Collections.Immutable;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Agents;

/// <summary>Reads <c>retry: {max_attempts, backoff, max_backoff, jitter, on}</c>, of agents and of steps.</summary>
internal static class RetryReader
{
    public const int MostAttempts = 100;

    private static readonly string[] s_keys = ["max_attempts", "backoff", "max_backoff", "jitter", "on"];

    /// <summary>Null when nothing is said.</summary>
    public static RetryPolicy? Read(ConfigNode? node, ProblemList problems)
    {
        if (node is null)
        {
            return null;
        }
        var reader = new MappingReader(node, problems, s_keys);
        var policy = new RetryPolicy
        {
            MaxAttempts = reader.Integer("max_attempts", 1, MostAttempts) ?? RetryPolicy.None.MaxAttempts,
            Backoff = reader.Duration("backoff", zero: true) ?? RetryPolicy.None.Backoff,
            MaxBackoff = reader.Duration("max_backoff", zero: true) ?? RetryPolicy.None.MaxBackoff,
            Jitter = reader.Number("jitter", 0, 1) ?? RetryPolicy.None.Jitter,
            On = reader.NameList("on", "failure to retry on") ?? ImmutableArray<string>.Empty,
        };
        // With max_backoff alone below the default backoff, the shorter one is what is meant.
        if (policy.Backoff > policy.MaxBackoff && reader["backoff"] is null)
        {
            return policy with { Backoff = policy.MaxBackoff };
        }
        if (policy.Backoff > policy.MaxBackoff)
        {
            problems.Add(
                reader["backoff"]!.Place, ConfigCodes.Contradiction,
                $"'backoff' is {DurationText.Format(policy.Backoff)}, longer than 'max_backoff', which is " +
                $"{DurationText.Format(policy.MaxBackoff)}: raise 'max_backoff'.");
        }
        return policy;
    }
}
