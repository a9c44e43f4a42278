using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;

namespace AgentGrid.Kinds.Http;

/// <summary>Reads what all kinds have in common that reach a service over HTTP.</summary>
public static class ServiceSettings
{
    // What a request needs to be one, and what an attempt says of itself.
    private static readonly ImmutableArray<string> s_ownHeaders =
    [
        "Connection", "Content-Length", "Expect", "Host", "Idempotency-Key", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
        "traceparent", "tracestate",
    ];

    /// <summary>Reads an address, which may refer to secrets.</summary>
    /// <param name="missing">What is said when there is none; null where there need not be one.</param>
    public static SecretText? ReadUrl(MappingReader agent, string key, string? missing, ProblemList problems)
    {
        if (agent[key] is null && missing is not null)
        {
            problems.Add(agent.Place, ConfigCodes.Missing, missing);
        }
        if (agent.Secret(key) is not { } url)
        {
            return null;
        }
        // What is in a secret is not known yet: any digit can stand in any part of an address.
        if (!url.Template.StartsWith("${", StringComparison.Ordinal)
            && ServiceAddress.Problem(url.Reveal(static _ => "1")) is { } problem)
        {
            // Of a password in it, nothing is to be seen.
            var quoted = url.Template.Contains('@') ? "" : $" cannot be '{Names.Shorten(url.Template)}'";
            problems.Add(agent[key]!.Place, ConfigCodes.BadAddress, $"'{key}'{quoted}: {problem}");
            return null;
        }
        return url;
    }

    /// <summary>Reads the headers that go with every request, which may refer to secrets; null when there are none.</summary>
    public static ImmutableSortedDictionary<string, SecretText>? ReadHeaders(MappingReader agent, ProblemList problems)
    {
        var headers = agent.SecretsByKey("headers");
        if (headers is null)
        {
            return null;
        }
        var entries = (agent["headers"] as ConfigNode.Mapping)?.Entries ?? [];
        foreach (var entry in entries)
        {
            if (entry.Key.Length == 0 || !entry.Key.All(IsToken))
            {
                problems.Add(
                    entry.Place, ConfigCodes.BadName, $"'{Names.Shorten(entry.Key)}' cannot be the name of a header: use letters, digits and '-'.");
            }
            else if (IsOwn(entry.Key))
            {
                problems.Add(
                    entry.Place, ConfigCodes.Contradiction, $"the header '{entry.Key}' is set by Agent Grid: leave it out.");
            }
            else if (entries.First(e => e.Key.Equals(entry.Key, StringComparison.OrdinalIgnoreCase)) is var first && first != entry)
            {
                problems.Add(
                    entry.Place, ConfigCodes.DuplicateKey, $"'{entry.Key}' and '{first.Key}' are the same header: keep one of them.");
            }
        }
        return headers;
    }

    /// <summary>The value, when a header can have it.</summary>
    /// <exception cref="AgentException">It cannot.</exception>
    public static string HeaderValue(string name, string value) => value.Any(c => c is < ' ' and not '\t' or > '~')
        ? throw new AgentException(
            HttpErrors.BadConfig,
            $"What '{name}' refers to has characters in it that headers cannot have, a line break perhaps.", retryable: false)
        : value;

    private static bool IsOwn(string name) => s_ownHeaders.Contains(name, StringComparer.OrdinalIgnoreCase)
        || name.StartsWith("AgentGrid-", StringComparison.OrdinalIgnoreCase);

    // RFC 9110, 5.6.2.
    private static bool IsToken(char c) => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c);
}
