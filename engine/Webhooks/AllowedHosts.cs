using System.Globalization;

namespace AgentGrid.Engine.Webhooks;

/// <summary>The hosts to which may be posted: names, <c>*.example.org</c>, each with a port or without.</summary>
internal sealed class AllowedHosts(IEnumerable<string> hosts)
{
    private readonly Host[] _hosts = [.. hosts.Select(Host.Of)];

    /// <summary>Nobody may be posted to.</summary>
    public bool IsEmpty => _hosts.Length == 0;

    public bool Allows(Uri address) => Array.Exists(_hosts, h => h.Is(address));

    /// <param name="Name">As <see cref="Uri.IdnHost"/> writes it; it begins with a dot where all below are meant.</param>
    /// <param name="Port">Null for that of the scheme.</param>
    private sealed record Host(string Name, int? Port)
    {
        public static Host Of(string allowed)
        {
            var (name, port) = (allowed, (int?)null);
            // What has several colons is an address of IP version 6, in brackets where a port follows.
            var colon = allowed.LastIndexOf(':');
            if (colon >= 0 && (allowed.IndexOf(':') == colon || allowed[colon - 1] == ']')
                && int.TryParse(allowed.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                (name, port) = (allowed[..colon], number);
            }
            return new Host(name.StartsWith("*.", StringComparison.Ordinal) ? $".{Written(name[2..])}" : Written(name), port);
        }

        public bool Is(Uri address) => (Port is null ? address.IsDefaultPort : address.Port == Port) && (Name[0] == '.'
            ? address.IdnHost.Length > Name.Length && address.IdnHost.EndsWith(Name, StringComparison.OrdinalIgnoreCase)
            : address.IdnHost.Equals(Name, StringComparison.OrdinalIgnoreCase));

        // A name has several spellings, with letters beyond ASCII or in numbers.
        private static string Written(string name) =>
            Uri.TryCreate($"http://{name}", UriKind.Absolute, out var address) ? address.IdnHost : name;
    }
}
