using System.Globalization;

namespace AgentGrid.Engine.Webhooks;

/// <summary>The hosts to which may be posted: names, <c>*.example.org</c>, each with a port or without.</summary>
internal sealed class AllowedHosts(IEnumerable<string> hosts)
{
    private readonly string[] _hosts = [.. hosts];

    /// <summary>Nobody may be posted to.</summary>
    public bool IsEmpty => _hosts.Length == 0;

    public bool Allows(Uri address) => Array.Exists(_hosts, h => Allows(h, address));

    private static bool Allows(string allowed, Uri address)
    {
        var (name, port) = (allowed, (int?)null);
        // What has several colons is an address of IP version 6, in brackets where a port follows.
        var colon = allowed.LastIndexOf(':');
        if (colon >= 0 && (allowed.IndexOf(':') == colon || allowed[colon - 1] == ']')
            && int.TryParse(allowed.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            (name, port) = (allowed[..colon], number);
        }
        return (port is null ? address.IsDefaultPort : address.Port == port) && IsNamed(name, address.IdnHost);
    }

    private static bool IsNamed(string allowed, string host) => allowed.StartsWith("*.", StringComparison.Ordinal)
        ? host.Length >= allowed.Length && host.EndsWith(allowed[1..], StringComparison.OrdinalIgnoreCase)
        : host.Equals(allowed.Trim('[', ']'), StringComparison.OrdinalIgnoreCase);
}
