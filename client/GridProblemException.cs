using System.Net;
using System.Text.Json;

namespace AgentGrid.Client;

/// <summary>The server refused a request and said why: problem details (RFC 9457).</summary>
public sealed class GridProblemException : Exception
{
    internal GridProblemException(HttpStatusCode status, JsonElement problem, TimeSpan? retryAfter)
        : base(Text(problem, "detail") ?? Text(problem, "title") ?? $"The server answered {(int)status} without saying why.")
    {
        Status = status;
        Problem = problem;
        RetryAfter = retryAfter;
        Code = Text(problem, "code");
        Field = Text(problem, "field");
        Differences = problem.ValueKind == JsonValueKind.Object && problem.TryGetProperty("differences", out var list)
            ? [.. list.EnumerateArray().Select(d => d.ToString())]
            : [];
    }

    public HttpStatusCode Status { get; }

    /// <summary>The stable code, <c>AG2030</c>; null if the answer does not come from Agent Grid.</summary>
    public string? Code { get; }

    /// <summary>Where in the request; null if it is about no particular place.</summary>
    public string? Field { get; }

    /// <summary>What differs from the run that has the key, for the code <c>AG2030</c>; otherwise empty.</summary>
    public IReadOnlyList<string> Differences { get; }

    /// <summary>After how long to try again; null if the server has not said.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>The whole answer of the server; undefined if it was not JSON.</summary>
    public JsonElement Problem { get; }

    private static string? Text(JsonElement problem, string name) =>
        problem.ValueKind == JsonValueKind.Object && problem.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
