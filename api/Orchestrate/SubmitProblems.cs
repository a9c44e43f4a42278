using AgentGrid.Api.Problems;
using AgentGrid.Core;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Grid;

namespace AgentGrid.Api.Orchestrate;

/// <summary>The engine's refusals of a post, as problem documents.</summary>
internal static class SubmitProblems
{
    public static ApiProblem Of(SubmitResult result) => result switch
    {
        SubmitResult.Conflict conflict => Taken(conflict),
        SubmitResult.GroupFull full => new ApiProblem(409, ApiCode.GroupFull, full.Message)
        {
            Members = json => json.WriteString("run_id"u8, full.Other.Value),
        },
        SubmitResult.Invalid invalid => Invalid(invalid.Problems),
        SubmitResult.Overloaded overloaded => Overloaded(overloaded.RetryAfter, overloaded.Message),
        SubmitResult.Unavailable unavailable => Unavailable(unavailable.Message),
        _ => throw new InvalidOperationException($"A submission cannot be answered with {result.GetType().Name}."),
    };

    public static ApiProblem Overloaded(TimeSpan retryAfter, string message) => new(429, ApiCode.Overloaded, message)
    {
        RetryAfter = retryAfter,
    };

    public static ApiProblem Unavailable(string message) => new(503, ApiCode.Unavailable, message)
    {
        RetryAfter = TimeSpan.FromSeconds(1),
    };

    private static ApiProblem Taken(SubmitResult.Conflict conflict)
    {
        var run = conflict.Run;
        var differences = string.Join(", ", conflict.Differences.Select(d => Names.Shorten(d, 200)));
        return new ApiProblem(409, ApiCode.KeyTaken,
            $"'{run.MatchId}/{run.Round}' is the run {run.RunId}, which was posted with different content. It differs " +
            $"in: {differences}. Post the same body again, use another round, or set 'on_conflict'.")
        {
            Members = json =>
            {
                json.WriteString("run_id"u8, run.RunId.Value);
                json.WriteStartArray("differences"u8);
                foreach (var difference in conflict.Differences)
                {
                    json.WriteStringValue(difference);
                }
                json.WriteEndArray();
            },
        };
    }

    private static ApiProblem Invalid(IReadOnlyList<ConfigProblem> problems)
    {
        var more = problems.Count > 1 ? $" (and {problems.Count - 1} more, see 'errors')" : "";
        return new ApiProblem(400, ApiCode.InvalidRun, $"{problems[0].Path}: {problems[0].Message}{more}")
        {
            Field = problems[0].Path,
            Members = json =>
            {
                json.WriteStartArray("errors"u8);
                foreach (var problem in problems)
                {
                    json.WriteStartObject();
                    json.WriteString("path"u8, problem.Path);
                    json.WriteString("code"u8, problem.Code);
                    json.WriteString("message"u8, problem.Message);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            },
        };
    }
}
