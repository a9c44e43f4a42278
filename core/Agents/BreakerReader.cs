using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Agents;

/// <summary>Reads <c>breaker: off</c> and <c>breaker: {failures, cooldown}</c> of agents.</summary>
internal static class BreakerReader
{
    private const int MostFailures = 1_000;
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(1);
    private static readonly string[] s_keys = ["failures", "cooldown"];

    /// <param name="otherwise">What holds when nothing is said.</param>
    public static BreakerPolicy Read(ConfigNode? node, BreakerPolicy otherwise, ProblemList problems)
    {
        switch (node)
        {
            case null:
                return otherwise;
            case ConfigNode.Scalar { Text: "off" or "false" }:
                return BreakerPolicy.Off;
            case ConfigNode.Scalar scalar:
                problems.Add(
                    scalar.Place, ConfigCodes.UnknownWord,
                    $"'breaker': expected off, or {{ failures: 5, cooldown: 30s }}, got '{Names.Shorten(scalar.Text)}'.");
                return otherwise;
        }
        var reader = new MappingReader(node, problems, s_keys);
        var failures = reader.Integer("failures", 1, MostFailures) ?? BreakerPolicy.Default.Failures;
        var cooldown = reader.Duration("cooldown") ?? BreakerPolicy.Default.Cooldown;
        if (cooldown > s_longest)
        {
            problems.Add(reader["cooldown"]!.Place, ConfigCodes.OutOfRange, $"'cooldown' can be an hour at most, not {DurationText.Format(cooldown)}.");
        }
        return new BreakerPolicy(failures, cooldown);
    }
}
