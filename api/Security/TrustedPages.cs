using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Net.Http.Headers;

namespace AgentGrid.Api.Security;

/// <summary>What pages of trusted hosts may do from a browser: everything, with a key in a header, without cookies.</summary>
internal static class TrustedPages
{
    private static readonly TimeSpan PreflightAge = TimeSpan.FromMinutes(10);

    /// <summary>For requests of which it is known that their page is trusted.</summary>
    public static void Allow(CorsPolicyBuilder policy) => policy
        .SetIsOriginAllowed(static _ => true)
        .WithMethods(HttpMethods.Get, HttpMethods.Head, HttpMethods.Post)
        .WithHeaders(
            AccessGuard.KeyHeader, HeaderNames.Authorization, "Last-Event-ID", HeaderNames.ContentType,
            HeaderNames.ContentEncoding, "Prefer", HeaderNames.TraceParent, HeaderNames.TraceState,
            HeaderNames.CacheControl)
        .WithExposedHeaders(
            HeaderNames.Location, HeaderNames.RetryAfter, HeaderNames.Allow, HeaderNames.AcceptEncoding,
            HeaderNames.WWWAuthenticate, HeaderNames.Date)
        .SetPreflightMaxAge(PreflightAge);
}
