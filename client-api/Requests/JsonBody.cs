using System.Text.Json;
using AgentGrid.ClientApi.Problems;

namespace AgentGrid.ClientApi.Requests;

/// <summary>Small bodies, read as a tree.</summary>
internal static class JsonBody
{
    /// <summary>Reads a body; an undefined element when there is none.</summary>
    public static async Task<(JsonElement Body, ApiProblem? Problem)> ReadAsync(HttpRequest request, int maxBytes)
    {
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

    public static ApiProblem Wrong(string field, string expected) => new(400, ApiCode.WrongType,
        $"{(field == "$" ? "The body" : $"'{field}'")} must be {expected}.")
    { Field = field };
}
