using Microsoft.AspNetCore.Mvc;

namespace AgentGrid.Api.Security;

/// <summary>What a caller may do.</summary>
[Flags]
public enum ApiScope
{
    None = 0,

    /// <summary>See runs, events, agents, plans and health; ask the router.</summary>
    Read = 1,

    /// <summary>Start, cancel and retry runs.</summary>
    Submit = 2,
}

/// <summary>Metadata of an endpoint that not everybody may call.</summary>
internal sealed record RequiredScope(ApiScope Scope)
{
    /// <summary>A browser may ask its user for the key.</summary>
    public bool FromBrowsers { get; init; }

    public string Word => Scope == ApiScope.Submit ? "submit" : "read";
}

/// <summary>Lets endpoints ask who calls.</summary>
public static class RequiredScopeExtensions
{
    private static readonly string[] s_problem = ["application/problem+json"];

    /// <summary>Not everybody may call it: a caller shows a key, or a ticket where that is taken, with the scope.</summary>
    public static T Requires<T>(this T endpoint, ApiScope scope)
        where T : IEndpointConventionBuilder => endpoint.WithMetadata(
            new RequiredScope(scope),
            new ProducesResponseTypeMetadata(StatusCodes.Status401Unauthorized, typeof(ProblemDetails), s_problem),
            new ProducesResponseTypeMetadata(StatusCodes.Status403Forbidden, typeof(ProblemDetails), s_problem));

    /// <summary>
    /// As <see cref="Requires{T}"/>, for pages that a browser shows by itself: it may ask its user for the key. Not for
    /// anything that changes something, because a browser then sends the key with whatever any page asks it for.
    /// </summary>
    public static T RequiresOfBrowsers<T>(this T endpoint, ApiScope scope)
        where T : IEndpointConventionBuilder => endpoint.WithMetadata(new RequiredScope(scope) { FromBrowsers = true });
}
