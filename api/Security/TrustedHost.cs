using AgentGrid.Core;

namespace AgentGrid.Api.Security;

/// <summary>
/// The names in <see cref="ApiOptions.TrustedHosts"/>: <c>host</c> or <c>host:port</c>, and nothing else.
/// </summary>
internal static class TrustedHost
{
    /// <summary>What the list has that cannot be the name of a host, or is there twice.</summary>
    public static IEnumerable<string> Problems(IReadOnlyCollection<string> hosts)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var host in hosts)
        {
            if (!IsValid(host))
            {
                yield return $"has '{Names.Shorten(host)}'; expected a host or a host and its port, without '*' or " +
                    "anything before or after: 'console.example' or 'console.example:5173'.";
            }
            else if (!seen.Add(host))
            {
                yield return $"has '{Names.Shorten(host)}' twice.";
            }
        }
    }

    private static bool IsValid(string text)
    {
        var host = new HostString(text);
        var named = host.Port is { } port ? $"{host.Host}:{port}" : host.Host;
        return named == text && host.Port is null or (>= 1 and <= 65_535)
            && Uri.CheckHostName(host.Host) is UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6;
    }
}
