using System.Net;

namespace AgentGrid.Api.Security;

/// <summary>Where the server is told to listen, and whether other machines can reach it there.</summary>
public static class ListenAddresses
{
    /// <summary>Where the server listens when nobody says otherwise.</summary>
    public const string Default = "http://127.0.0.1:8000";

    /// <summary>The addresses in force, in the order of precedence that Kestrel has.</summary>
    public static IReadOnlyList<string> Of(IConfiguration configuration)
    {
        var endpoints = configuration.GetSection("Kestrel:Endpoints").GetChildren()
            .Select(e => e["Url"]).OfType<string>().ToList();
        if (endpoints.Count > 0)
        {
            return endpoints;
        }
        if (configuration[WebHostDefaults.ServerUrlsKey] is { Length: > 0 } urls)
        {
            return Split(urls);
        }
        return [
            .. Split(configuration[WebHostDefaults.HttpPortsKey]).Select(p => $"http://*:{p}"),
            .. Split(configuration[WebHostDefaults.HttpsPortsKey]).Select(p => $"https://*:{p}")];
    }

    /// <summary>Why a text is no address to listen on; null when it is one.</summary>
    public static string? Problem(string url)
    {
        const string expected = "expected one such as http://127.0.0.1:8000, several separated by ';'.";
        try
        {
            var address = BindingAddress.Parse(url);
            return address.Scheme is not ("http" or "https") ? $"'{url}' is not an address to listen on; {expected}"
                : address.Port is < 0 or > 65_535 ? $"'{url}' has a port over 65535; {expected}"
                : null;
        }
        catch (FormatException)
        {
            return $"'{url}' is not an address to listen on; {expected}";
        }
    }

    /// <summary>True when only this machine can connect: loopback addresses, <c>localhost</c>, Unix sockets.</summary>
    public static bool IsLoopback(string url)
    {
        var address = BindingAddress.Parse(url);
        return address.IsUnixPipe || address.IsNamedPipe || IsLoopbackHost(address.Host);
    }

    /// <summary>True when the address, as it stands, is one to connect to: it has a host and a port, not every or any.</summary>
    public static bool IsNamed(string url)
    {
        var address = BindingAddress.Parse(url);
        return !address.IsUnixPipe && !address.IsNamedPipe && address.Port != 0 && !IsEvery(address.Host);
    }

    /// <summary>
    /// Where a server that listens on every address of its machine is, for those who find that under <paramref name="host"/>; null
    /// when it does not, or only with TLS, whose certificate would have to be for that host.
    /// </summary>
    public static Uri? ReachedAt(IEnumerable<string> addresses, IPAddress host)
    {
        var every = addresses.Select(BindingAddress.Parse).FirstOrDefault(
            a => a.Scheme == "http" && !a.IsUnixPipe && !a.IsNamedPipe && a.Port != 0 && IsEvery(a.Host));
        return every is null ? null : new UriBuilder("http", host.ToString(), every.Port).Uri;
    }

    private static bool IsEvery(string host) =>
        host is "*" or "+" || (IPAddress.TryParse(host.Trim('[', ']'), out var ip) && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any)));

    internal static bool IsLoopbackHost(string host)
    {
        var bare = host.Trim('[', ']');
        return bare.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || bare.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(bare, out var ip) && IPAddress.IsLoopback(ip));
    }

    /// <summary>
    /// Says why the server must not start: others could reach it, and nothing would ask them who they are.
    /// </summary>
    public static string? Refusal(IEnumerable<string> addresses, ApiOptions options)
    {
        if (options.Insecure || options.ApiKeys.Count > 0)
        {
            return null;
        }
        var open = addresses.FirstOrDefault(a => !IsLoopback(a));
        return open is null
            ? null
            : $"Refusing to listen on {open}: other machines could reach it, and no API key is configured. " +
              "Configure one (make it with 'new-key', pass its hash as --api-key-hash), " +
              "listen on 127.0.0.1 or localhost, or use --insecure if the network itself keeps others out.";
    }

    private static string[] Split(string? list) => list?.Split(
        ';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
}
