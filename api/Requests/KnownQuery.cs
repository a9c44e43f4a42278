using System.Collections.Immutable;
using AgentGrid.Api.Problems;

namespace AgentGrid.Api.Requests;

/// <summary>
/// Metadata of an endpoint: the query parameters that it knows. Others are refused, and so are empty and doubled ones:
/// a filter that is misspelt must not answer with everything.
/// </summary>
/// <param name="Names">One with a star at its end may be there several times.</param>
internal sealed record KnownQuery(ImmutableArray<string> Names)
{
    public static readonly KnownQuery None = new([]);

    private IEnumerable<string> Known => Names.Select(static n => n.TrimEnd('*'));

    /// <summary>What is wrong with the query; null when nothing is.</summary>
    public ApiProblem? Refusal(IQueryCollection query)
    {
        foreach (var (name, values) in query)
        {
            // Names are compared as everywhere in ASP.NET Core: without regard to case.
            var detail = !Known.Contains(name, StringComparer.OrdinalIgnoreCase) ? Unknown(name)
                : values.Count > 1 && !Names.Contains($"{name}*", StringComparer.OrdinalIgnoreCase) ? $"'{name}' is there {values.Count} times; give it once."
                : values.Any(string.IsNullOrEmpty) ? $"'{name}' is empty; give it a value, or leave it out."
                : null;
            if (detail is not null)
            {
                return new ApiProblem(400, ApiCode.InvalidParameter, detail) { Field = Core.Names.Shorten(name) };
            }
        }
        return null;
    }

    private string Unknown(string name)
    {
        var near = Core.Names.Nearest(name, Known) is { } nearest ? $", did you mean '{nearest}'?" : ".";
        var known = Names.IsEmpty ? "none is" : string.Join(", ", Known.Select(n => $"'{n}'"));
        return $"The query parameter '{Core.Names.Shorten(name)}' is unknown{near} Known: {known}.";
    }
}

internal static class EndpointExtensions
{
    /// <summary>Says which query parameters an endpoint knows; without this none.</summary>
    public static T Knows<T>(this T endpoint, params ImmutableArray<string> names)
        where T : IEndpointConventionBuilder => endpoint.WithMetadata(new KnownQuery(names));

    /// <summary>What all endpoints of the API have in common: they know their query, and HEAD where they know GET.</summary>
    public static T AsApi<T>(this T endpoints)
        where T : IEndpointConventionBuilder
    {
        endpoints.Add(static endpoint =>
        {
            // Of a group this comes before what its endpoints say themselves, which then counts.
            if (!endpoint.Metadata.OfType<KnownQuery>().Any())
            {
                endpoint.Metadata.Add(KnownQuery.None);
            }
            var methods = endpoint.Metadata.OfType<IHttpMethodMetadata>().LastOrDefault()?.HttpMethods ?? [];
            if (methods.Contains(HttpMethods.Get) && !methods.Contains(HttpMethods.Head))
            {
                // The server leaves the body out by itself.
                endpoint.Metadata.Add(new HttpMethodMetadata([.. methods, HttpMethods.Head]));
            }
        });
        return endpoints;
    }
}
