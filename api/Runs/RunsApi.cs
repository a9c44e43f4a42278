using System.Text.Json;
using AgentGrid.Api.Orchestrate;
using AgentGrid.Api.Problems;
using AgentGrid.Api.Requests;
using AgentGrid.Api.Security;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using Microsoft.AspNetCore.Mvc;

namespace AgentGrid.Api.Runs;

/// <summary>What can be asked of runs, and told to them, under <c>/api/v1/runs</c>.</summary>
internal sealed class RunsApi(IAgentGrid grid, OperatorLog log, ApiOptions options)
{
    private const int MaxTextLength = 1_000;

    public void Map(RouteGroupBuilder api)
    {
        var runs = api.MapGroup("/runs").WithTags("Runs");
        runs.MapGet("/", ListAsync).WithName("list_runs").Requires(ApiScope.Read)
            .Knows("status", "key", "match_id", "round", "plan", "agent", "label*", "children", "cursor", "limit")
            .Produces<RunLines>().ProducesProblem(400);
        runs.MapGet("/{run_id}", GetAsync).WithName("get_run").Requires(ApiScope.Read)
            .Produces<RunView>().ProducesProblem(404);
        runs.MapGet("/{run_id}/steps/{step}/output", OutputAsync).WithName("get_output").Requires(ApiScope.Read)
            .Produces<Json>().ProducesProblem(404);
        runs.MapPost("/{run_id}/cancel", CancelAsync).WithName("cancel_run").Requires(ApiScope.Submit)
            .Produces<CommandView>()
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(409).ProducesProblem(503);
        runs.MapPost("/{run_id}/retry", RetryAsync).WithName("retry_run").Requires(ApiScope.Submit)
            .Produces<CommandView>().Produces<CommandView>(202)
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(409).ProducesProblem(429).ProducesProblem(503);
    }

    /// <summary>There is no such run; ids that no engine makes included.</summary>
    public static ApiProblem NoSuchRun(string id) => new(404, ApiCode.NoSuchRun,
        $"There is no run '{Names.Shorten(id)}' (any more). Ended runs are removed after their retention.");

    private async Task<IResult> ListAsync(
        HttpContext context, string? status, string? key, [FromQuery(Name = "match_id")] string? matchId, string? round,
        string? plan, string? agent, string[]? label, string? children, string? cursor, string? limit)
    {
        var read = new QueryReader(context.Request.Query);
        var (wanted, activity) = read.Status("status");
        var (match, ofRound) = read.Key();
        var query = new RunQuery(
            wanted, match, ofRound, read.Text("plan"),
            read.Text("cursor"), read.Int("limit", 1, 1_000, 50), activity, read.Text("agent"))
        {
            WithoutChildren = read.Choice("children", "true", "false") == "false",
            Labels = read.Labels("label"),
        };
        if (read.Problem is { } problem)
        {
            return problem;
        }
        try
        {
            var page = await grid.ListRunsAsync(query, context.RequestAborted);
            return Results.Json(new RunLines([.. page.Runs.Select(RunLine.Of)], page.Next));
        }
        catch (FormatException e)
        {
            return new ApiProblem(400, ApiCode.InvalidParameter, e.Message) { Field = "cursor" };
        }
    }

    private async Task<IResult> GetAsync([FromRoute(Name = "run_id")] string runId, HttpContext context) =>
        RunId.TryParse(runId, out var id) && await grid.GetRunAsync(id, context.RequestAborted) is { } run
            ? Results.Json(RunView.Of(run, errorDetail: SeesAgents(context)))
            : NoSuchRun(runId);

    // Who may post runs has the agents, or works with those who have; a stack trace is no business of a mere reader.
    internal static bool SeesAgents(HttpContext context) =>
        context.Features.Get<ApiCaller>() is not { } caller || (caller.Scopes & ApiScope.Submit) != 0;

    private async Task<IResult> OutputAsync(
        [FromRoute(Name = "run_id")] string runId, string step, HttpContext context)
    {
        if (!RunId.TryParse(runId, out var id))
        {
            return NoSuchRun(runId);
        }
        if (await grid.GetOutputAsync(id, step, context.RequestAborted) is { } output)
        {
            return Results.Bytes(output.Utf8, "application/json; charset=utf-8");
        }
        return await grid.GetRunAsync(id, context.RequestAborted) is null
            ? NoSuchRun(runId)
            : new ApiProblem(404, ApiCode.NoOutput,
                $"The run {id} has no step '{Names.Shorten(step)}', or the step has no output yet.");
    }

    private async Task<IResult> CancelAsync([FromRoute(Name = "run_id")] string runId, HttpContext context)
    {
        var (reason, problem) = await ReadTextAsync(context.Request, "reason");
        if (problem is not null)
        {
            return problem;
        }
        if (!RunId.TryParse(runId, out var id))
        {
            return NoSuchRun(runId);
        }
        var result = await grid.CancelAsync(id, reason);
        if (result is CommandResult.Done { Changed: true })
        {
            log.Cancelled(context, id, reason);
        }
        return Answer(runId, result, StatusCodes.Status200OK);
    }

    private async Task<IResult> RetryAsync([FromRoute(Name = "run_id")] string runId, HttpContext context)
    {
        var (fromStep, problem) = await ReadTextAsync(context.Request, "from_step");
        if (problem is not null)
        {
            return problem;
        }
        if (!RunId.TryParse(runId, out var id))
        {
            return NoSuchRun(runId);
        }
        var result = await grid.RetryAsync(id, fromStep);
        if (result is CommandResult.Done { Changed: true })
        {
            log.Retried(context, id, fromStep);
        }
        return Answer(runId, result, StatusCodes.Status202Accepted);
    }

    internal static IResult Answer(string runId, CommandResult result, int changedStatus) => result switch
    {
        CommandResult.Done done => Results.Json(
            new CommandView(done.Changed, RunLine.Of(done.Run)), statusCode: done.Changed ? changedStatus : 200),
        CommandResult.NotFound => NoSuchRun(runId),
        CommandResult.Refused refused => new ApiProblem(StatusOf(refused.Code), refused.Code, refused.Message),
        CommandResult.Overloaded overloaded => SubmitProblems.Overloaded(overloaded.RetryAfter, overloaded.Message),
        CommandResult.Unavailable unavailable => SubmitProblems.Unavailable(unavailable.Message),
        _ => throw new InvalidOperationException($"A command cannot be answered with {result.GetType().Name}."),
    };

    private static int StatusOf(string code) => code switch
    {
        CommandCodes.UnknownSignal => StatusCodes.Status404NotFound,
        CommandCodes.BadSignal => StatusCodes.Status400BadRequest,
        CommandCodes.NotYours => StatusCodes.Status403Forbidden,
        _ => StatusCodes.Status409Conflict,
    };

    // The one member that an optional body may have.
    private async Task<(string? Text, ApiProblem? Problem)> ReadTextAsync(HttpRequest request, string member)
    {
        var (body, problem) = await JsonBody.ReadMembersAsync(request, options.MaxBodyBytes, member);
        if (problem is not null || body.ValueKind is JsonValueKind.Undefined)
        {
            return (null, problem);
        }
        if (!body.TryGetProperty(member, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return (null, null);
        }
        return value.ValueKind == JsonValueKind.String && value.GetString() is { Length: <= MaxTextLength } text
            ? (text.Length == 0 ? null : text, null)
            : (null, JsonBody.Wrong(member, $"a string of at most {MaxTextLength} characters"));
    }
}
