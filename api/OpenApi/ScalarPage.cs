using System.Globalization;
using System.Security.Cryptography;
using AgentGrid.Api.Requests;
using Scalar.AspNetCore;

namespace AgentGrid.Api.OpenApi;

/// <summary>
/// The OpenAPI document as a page, at <c>/scalar</c>. Its script comes from this server, and its policy lets it speak to
/// nobody else. There is no data in it, so it needs no key; requests that are tried in it need one.
/// </summary>
internal static class ScalarPage
{
    private const string Path = "/scalar";

    // Scalar writes styles as it goes.
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self' 'nonce-{0}'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
        "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static void Map(IEndpointRouteBuilder app) => app.MapScalarApiReference(Path, (options, context) =>
    {
        options.WithTitle("Agent Grid").WithOpenApiRoutePattern("/openapi/{documentName}.json").AddDocument("v1");
        options.DisableDefaultFonts().DisableTelemetry().DisableAgent().DisableMcp();
        options.HideClientButton = true;
        options.ShowDeveloperTools = DeveloperToolsVisibility.Never;
        options.Favicon = "/console/icon.svg";
        options.Nonce = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = string.Format(CultureInfo.InvariantCulture, ContentSecurityPolicy, options.Nonce);
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
    }).AsApi();
}
