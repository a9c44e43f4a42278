using System.Collections.Frozen;
using System.Globalization;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Agents;

/// <summary>Reads <c>rate_limit: 60/m</c> and <c>rate_limit: {requests, per, burst}</c> of agents.</summary>
internal static class RateLimitReader
{
    public const int MostRequests = 1_000_000;

    private const int MostASecond = 1_000;
    private const string Example = "such as 60/m, or { requests: 60, per: 1m, burst: 10 }";

    /// <summary>By the letter that stands for them.</summary>
    public static readonly FrozenDictionary<string, TimeSpan> Units = new Dictionary<string, TimeSpan>
    {
        ["s"] = TimeSpan.FromSeconds(1),
        ["m"] = TimeSpan.FromMinutes(1),
        ["h"] = TimeSpan.FromHours(1),
        ["d"] = TimeSpan.FromDays(1),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly string[] s_keys = ["requests", "per", "burst"];

    /// <summary>Null when nothing is said, or nothing that can be read.</summary>
    public static RateLimit? Read(ConfigNode? node, ProblemList problems)
    {
        var limit = node switch
        {
            null => null,
            ConfigNode.Scalar { Kind: ScalarKind.Text } scalar => ReadText(scalar, problems),
            ConfigNode.Scalar scalar => Refuse(scalar, problems),
            _ => ReadMapping(node, problems),
        };
        if (limit is not null && limit.Interval < TimeSpan.FromSeconds(1) / MostASecond)
        {
            problems.Add(
                node!.Place, ConfigCodes.OutOfRange,
                $"'rate_limit' is {limit}; it can be {MostASecond} a second at most. Leave it out where there is no limit.");
            return null;
        }
        return limit;
    }

    private static RateLimit? ReadText(ConfigNode.Scalar scalar, ProblemList problems) =>
        scalar.Text.Split('/') is [var number, var unit]
            && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var requests)
            && requests is >= 1 and <= MostRequests
            && Units.TryGetValue(unit, out var per)
            ? new RateLimit(requests, per)
            : Refuse(scalar, problems);

    private static RateLimit? ReadMapping(ConfigNode node, ProblemList problems)
    {
        var reader = new MappingReader(node, problems, s_keys);
        var (requests, per) = (reader.Integer("requests", 1, MostRequests), reader.Duration("per"));
        var burst = reader.Integer("burst", 1, MostRequests) ?? 1;
        foreach (var key in s_keys.Take(2).Where(k => reader[k] is null && node is ConfigNode.Mapping))
        {
            problems.Add(reader.Place, ConfigCodes.Missing, $"'rate_limit' needs '{key}', {Example}.");
        }
        if (per > Units["d"])
        {
            problems.Add(reader["per"]!.Place, ConfigCodes.OutOfRange, $"'per' can be a day at most, not {DurationText.Format(per.Value)}.");
            return null;
        }
        return requests is { } r && per is { } p ? new RateLimit(r, p, burst) : null;
    }

    private static RateLimit? Refuse(ConfigNode.Scalar scalar, ProblemList problems)
    {
        problems.Add(
            scalar.Place, ConfigCodes.BadRate,
            $"'rate_limit': expected starts per s, m, h or d, {Example}; got '{Names.Shorten(scalar.Text)}'.");
        return null;
    }
}
