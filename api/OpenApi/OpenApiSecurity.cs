using AgentGrid.Api.Security;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace AgentGrid.Api.OpenApi;

/// <summary>Says in the OpenAPI document which operations need a key, with which scope, and where it goes.</summary>
internal static class OpenApiSecurity
{
    private static readonly string[] s_schemes = ["api_key", "bearer"];

    public static Task DeclareAsync(
        OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        const string WithoutKeys = "A server started without keys asks for none.";
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            ["api_key"] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey,
                In = ParameterLocation.Header,
                Name = "X-Api-Key",
                Description = $"The key in a header of its own. {WithoutKeys}",
            },
            ["bearer"] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = $"The key as a bearer token. {WithoutKeys}",
            },
        };
        return Task.CompletedTask;
    }

    public static Task RequireAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var scope = context.Description.ActionDescriptor.EndpointMetadata.OfType<RequiredScope>().FirstOrDefault();
        operation.Security = scope is null
            ? []
            : [.. s_schemes.Select(scheme => new OpenApiSecurityRequirement
            {
                [new OpenApiSecuritySchemeReference(scheme, context.Document)] = [],
            }), new OpenApiSecurityRequirement()];
        if (scope is not null && operation.Responses?.GetValueOrDefault("403") is { } forbidden)
        {
            forbidden.Description = $"The key lacks the scope '{scope.Word}'.";
        }
        return Task.CompletedTask;
    }
}
