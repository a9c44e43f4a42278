using System.Collections.Frozen;
using System.Globalization;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Agents;

/// <summary>Reads <c>rate_limit: 60/m</c> and <c>rate_limit: {requests, per, burst, tokens, estimate}</c> of agents.</summary>
internal static class RateLimitReader
{
    public const int MostRequests = 1_000_000;
    public const long MostTokens = 1_000_000_000_000;

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

    private static readonly string[] s_keys = ["requests", "per", "burst", "tokens", "estimate"];

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
        if (limit is { Requests: not null } && limit.Interval < TimeSpan.FromSeconds(1) / MostASecond)
        {
            problems.Add(
                node!.Place, ConfigCodes.OutOfRange,
                $"'rate_limit' is {limit}; it can be {MostASecond} a second at most. Leave it out where there is no limit.");
            return null;
        }
        return limit;
    }

    /// <summary><c>/m</c>, or <c> per 90s</c>.</summary>
    public static string PerText(TimeSpan per) => Units.FirstOrDefault(u => u.Value == per) is { Key: { } unit }
        ? $"/{unit}"
        : $" per {DurationText.Format(per)}";

    private static RateLimit? ReadText(ConfigNode.Scalar scalar, ProblemList problems) =>
        RateOf(scalar, MostRequests) is var (requests, per) ? new RateLimit((int)requests, per) : Refuse(scalar, problems);

    private static (long Count, TimeSpan Per)? RateOf(ConfigNode.Scalar scalar, long most) =>
        scalar.Text.Split('/') is [var number, var unit]
            && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count >= 1 && count <= most
            && Units.TryGetValue(unit, out var per)
            ? (count, per)
            : null;

    private static RateLimit? ReadMapping(ConfigNode node, ProblemList problems)
    {
        var before = problems.Count;
        var reader = new MappingReader(node, problems, s_keys);
        var per = reader.Duration("per");
        if (per > Units["d"])
        {
            problems.Add(reader["per"]!.Place, ConfigCodes.OutOfRange, $"'per' can be a day at most, not {DurationText.Format(per.Value)}.");
            return null;
        }
        var requests = ReadRate(reader, "requests", per, MostRequests, problems);
        var tokens = ReadTokens(reader, per, problems);
        var burst = reader.Integer("burst", 1, MostRequests) ?? 1;
        foreach (var key in MissingKeys(reader).Where(_ => node is ConfigNode.Mapping))
        {
            problems.Add(reader.Place, ConfigCodes.Missing, $"'rate_limit' needs '{key}', {Example}.");
        }
        foreach (var (key, whose) in new[] { ("burst", "requests"), ("estimate", "tokens") }
            .Where(k => reader[k.Item1] is not null && reader[k.Item2] is null && (requests is not null || tokens is not null)))
        {
            problems.Add(reader[key]!.Place, ConfigCodes.Contradiction, $"'{key}' has no meaning without '{whose}': remove it, or say how many '{whose}'.");
        }
        if (problems.Count > before)
        {
            return null;
        }
        return new RateLimit((int?)requests?.Count, requests?.Per ?? tokens!.Per, burst) { Tokens = tokens };
    }

    // A plain number applies to 'per', and so needs it.
    private static IEnumerable<string> MissingKeys(MappingReader reader)
    {
        var isPlain = s_keys.Any(k => k is "requests" or "tokens" && reader[k] is ConfigNode.Scalar { Kind: ScalarKind.Number });
        if (reader["requests"] is null && reader["tokens"] is null)
        {
            yield return "requests";
            isPlain = true;
        }
        if (isPlain && reader["per"] is null)
        {
            yield return "per";
        }
    }

    private static TokenLimit? ReadTokens(MappingReader reader, TimeSpan? plainPer, ProblemList problems)
    {
        var estimate = reader.Long("estimate", 1, MostTokens);
        if (ReadRate(reader, "tokens", plainPer, MostTokens, problems) is not var (tokens, per))
        {
            return null;
        }
        if (estimate > tokens)
        {
            problems.Add(
                reader["estimate"]!.Place, ConfigCodes.OutOfRange,
                $"'estimate' is {estimate} tokens, and the limit of {tokens}{PerText(per)} never has more than {tokens} at once: no attempt could " +
                "ever start. Lower 'estimate', or raise 'tokens'.");
        }
        return new TokenLimit(tokens, per, estimate);
    }

    // 500/m, or a number beside 'per'.
    private static (long Count, TimeSpan Per)? ReadRate(
        MappingReader reader, string key, TimeSpan? plainPer, long most, ProblemList problems)
    {
        if (reader[key] is ConfigNode.Scalar { Kind: ScalarKind.Text } scalar)
        {
            if (RateOf(scalar, most) is { } rate)
            {
                return rate;
            }
            problems.Add(
                scalar.Place, ConfigCodes.BadRate,
                $"'{key}': expected so many per s, m, h or d, such as 500/m, or a number beside 'per'; got '{Names.Shorten(scalar.Text)}'.");
            return null;
        }
        return reader.Long(key, 1, most) is { } count && plainPer is { } per ? (count, per) : null;
    }

    private static RateLimit? Refuse(ConfigNode.Scalar scalar, ProblemList problems)
    {
        problems.Add(
            scalar.Place, ConfigCodes.BadRate,
            $"'rate_limit': expected starts per s, m, h or d, {Example}; got '{Names.Shorten(scalar.Text)}'.");
        return null;
    }
}
