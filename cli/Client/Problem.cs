using System.Collections.Immutable;

namespace AgentGrid.Cli.Client;

/// <summary>The server's refusal: RFC 9457 problem details with a stable code.</summary>
internal sealed record Problem(
    int Status, string Code, string Detail, string? Field = null, ImmutableArray<ProblemEntry>? Errors = null,
    string? RunId = null)
{
    /// <summary>Seconds after which trying again makes sense; null when it never does.</summary>
    public int? RetryAfter { get; init; }
}

/// <summary>One of several mistakes.</summary>
internal sealed record ProblemEntry(string? Path, string Code, string Message);

/// <summary>The server refused.</summary>
internal sealed class ProblemException(Problem problem) : Exception(problem.Detail)
{
    public Problem Problem { get; } = problem;
}
