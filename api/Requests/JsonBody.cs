using System.Text.Json;
using AgentGrid.Api.Problems;
using AgentGrid.Core;

namespace AgentGrid.Api.Requests;

/// <summary>Small bodies, read as a tree.</summary>
internal static class JsonBody
{
    /// <summary>
    /// Reads an object with no other members than those that are known, none of them twice.
    /// </summary>
    /// <returns>The object; an undefined element when there is no body.</returns>
    public static async Task<(JsonElement Body, ApiProblem? Problem)> ReadMembersAsync(
        HttpRequest request, int maxBytes, params string[] known)
    {
        var (body, problem) = await ReadAsync(request, maxBytes);
        return problem is null && body.ValueKind != JsonValueKind.Undefined && Refusal(body, known) is { } refusal
            ? (default, refusal)
            : (body, problem);
    }

    /// <summary>Reads any JSON value.</summary>
    /// <returns>The value as it came; null when there is no body.</returns>
    public static async Task<(Json? Body, ApiProblem? Problem)> ReadValueAsync(HttpRequest request, int maxBytes)
    {
        var (body, problem) = await ReadAsync(request, maxBytes);
        return (body.ValueKind == JsonValueKind.Undefined ? null : Json.From(body), problem);
    }

    public static ApiProblem Wrong(string field, string expected) => new(400, ApiCode.WrongType,
        $"{(field == "$" ? "The body" : $"'{field}'")} must be {expected}.")
    { Field = field };

    private static async Task<(JsonElement Body, ApiProblem? Problem)> ReadAsync(HttpRequest request, int maxBytes)
    {
        if (request.ContentLength == 0)
        {
            return default;
        }
        var (body, problem) = await RequestBody.ReadAsync(request, maxBytes);
        if (body is null)
        {
            return (default, problem);
        }
        using (body)
        {
            if (body.Utf8.IsEmpty)
            {
                return (default, null);
            }
            problem = StrictJson.Validate(body.Utf8);
            return problem is null ? (JsonElement.Parse(body.Utf8), null) : (default, problem);
        }
    }

    private static ApiProblem? Refusal(JsonElement body, string[] known)
    {
        var names = known.Length == 0 ? "no members" : string.Join(" and ", known.Select(n => $"'{n}'"));
        if (body.ValueKind != JsonValueKind.Object)
        {
            return Wrong("$", $"an object with {names}");
        }
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in body.EnumerateObject())
        {
            var name = Names.Shorten(member.Name);
            if (!known.Contains(member.Name))
            {
                var near = Names.Nearest(member.Name, known) is { } nearest ? $", did you mean '{nearest}'?" : ".";
                return new ApiProblem(400, ApiCode.UnknownField, $"'{name}' is unknown{near} Expected {names}.")
                {
                    Field = name,
                };
            }
            if (!seen.Add(member.Name))
            {
                return new ApiProblem(400, ApiCode.DuplicateField, $"'{name}' is there twice.") { Field = name };
            }
        }
        return null;
    }
}
