using System.Text;
using AgentGrid.Api.Feed;
using AgentGrid.Api.Problems;
using AgentGrid.Core;
using Microsoft.Net.Http.Headers;
using AuthenticationHeaderValue = System.Net.Http.Headers.AuthenticationHeaderValue;

namespace AgentGrid.Api.Security;

/// <summary>
/// Decides whether a request may pass. With keys: by the key's scopes. Without: only this machine can connect, and
/// what is left to keep out are web pages that a browser on this machine has open.
/// </summary>
internal sealed class AccessGuard(
    ApiKeyRing keys, Tickets tickets, IReadOnlyList<string> trustedHosts, bool loopbackOnly)
{
    public const string KeyHeader = "X-Api-Key";

    private const string KeyProtocol = "key.";

    /// <summary>Why the request must not pass; null when it may.</summary>
    public ApiProblem? Check(HttpContext context) =>
        keys.IsEmpty ? CheckBrowser(context.Request) : CheckKey(context);

    private ApiProblem? CheckKey(HttpContext context)
    {
        var required = context.GetEndpoint()?.Metadata.GetMetadata<RequiredScope>();
        if (required is null)
        {
            return null;
        }
        var (caller, why) = Identify(context, required);
        if (caller is null)
        {
            context.Response.Headers.WWWAuthenticate =
                required.FromBrowsers ? "Basic realm=\"agentgrid\", charset=\"UTF-8\"" : "Bearer realm=\"agentgrid\"";
            return new ApiProblem(401, ApiCode.Unauthorized, why);
        }
        if ((caller.Scopes & required.Scope) == 0)
        {
            return new ApiProblem(403, ApiCode.Forbidden,
                $"The API key '{caller.Name}' does not have the scope '{required.Word}', which this needs.");
        }
        context.Features.Set(caller);
        return null;
    }

    // Why is said only where nobody was found.
    private (ApiCaller? Caller, string Why) Identify(HttpContext context, RequiredScope required)
    {
        if (ShownKey(context.Request, required.FromBrowsers) is { } key)
        {
            return (keys.Find(key), "The API key is unknown.");
        }
        if (context.GetEndpoint()?.Metadata.GetMetadata<TicketTaker>() is not null
            && TicketsApi.ShownIn(context.Request) is { } ticket)
        {
            return (tickets.Find(ticket),
                $"The ticket is unknown, or is older than {Tickets.Lifetime.TotalSeconds} s. Ask for another " +
                "with POST /api/v1/tickets.");
        }
        return (null, "This needs an API key. Send it as 'X-Api-Key: <key>' or 'Authorization: Bearer <key>'.");
    }

    private static string? ShownKey(HttpRequest request, bool fromBrowsers)
    {
        if (request.Headers.TryGetValue(KeyHeader, out var header))
        {
            return header.ToString();
        }
        var authorization = request.Headers.Authorization.ToString();
        if (authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            return authorization["Bearer ".Length..].Trim();
        }
        if (fromBrowsers && AuthenticationHeaderValue.TryParse(authorization, out var basic) && basic.Scheme == "Basic")
        {
            return PasswordOf(basic.Parameter);
        }
        // A browser cannot set headers on a WebSocket, but it can offer protocols.
        return request.Headers.GetCommaSeparatedValues(HeaderNames.SecWebSocketProtocol)
            .FirstOrDefault(p => p.StartsWith(KeyProtocol, StringComparison.Ordinal))?[KeyProtocol.Length..];
    }

    // What a browser asks its user for: any name, and the key as the password.
    private static string? PasswordOf(string? credentials)
    {
        var bytes = new byte[credentials?.Length ?? 0];
        if (!Convert.TryFromBase64String(credentials ?? "", bytes, out var length))
        {
            return null;
        }
        var text = Encoding.UTF8.GetString(bytes.AsSpan(0, length));
        return text[(text.IndexOf(':', StringComparison.Ordinal) + 1)..];
    }

    private ApiProblem? CheckBrowser(HttpRequest request)
    {
        // A page of evil.example whose name was re-bound to 127.0.0.1 arrives with its own name as the Host.
        if (loopbackOnly && !ListenAddresses.IsLoopbackHost(request.Host.Host) && !IsTrusted(request.Host))
        {
            return new ApiProblem(403, ApiCode.UntrustedHost,
                $"The Host '{request.Host}' is not a name of this machine. Use localhost, or add the name to " +
                "AgentGrid:TrustedHosts.");
        }
        var origin = request.Headers.Origin.ToString();
        return origin.Length == 0 || !ChangesOrStreams(request) || IsSame(origin, request) || IsTrustedPage(origin)
            ? null
            : new ApiProblem(403, ApiCode.CrossOrigin,
                $"A page from '{Names.Shorten(origin)}' may not send this to '{request.Host}'. Add the page's host " +
                "to AgentGrid:TrustedHosts, or configure API keys.");
    }

    /// <summary>Whether pages of this origin may use the API from a browser.</summary>
    public bool IsTrustedPage(string origin) => PageOf(origin) is { } page
        && IsTrusted(new HostString(page.Host, page.Port));

    private static bool ChangesOrStreams(HttpRequest request) =>
        !(HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        || request.Headers.ContainsKey(HeaderNames.Upgrade) || EventsApi.Accepts(request);

    private static bool IsSame(string origin, HttpRequest request) => PageOf(origin) is { } page
        && page.Host.Equals(request.Host.Host, StringComparison.OrdinalIgnoreCase)
        && page.Port == (request.Host.Port ?? (request.IsHttps ? 443 : 80));

    private static Uri? PageOf(string origin) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var page) && page.Scheme is "http" or "https" ? page : null;

    private bool IsTrusted(HostString host) => trustedHosts.Any(t =>
        t.Equals(host.Host, StringComparison.OrdinalIgnoreCase)
        || t.Equals(host.Value, StringComparison.OrdinalIgnoreCase));
}
