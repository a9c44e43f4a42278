using System.Text.Json;
using AgentGrid.Api.Problems;
using AgentGrid.Api.Requests;
using AgentGrid.Api.Security;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using Microsoft.AspNetCore.Mvc;

namespace AgentGrid.Api.Runs;

/// <summary>What is sent to steps that wait, and what people decide.</summary>
internal sealed class SignalsApi(IAgentGrid grid, ApiOptions options)
{
    private const string KeyHeader = "Idempotency-Key";

    private readonly int _maxBytes = Math.Min(options.MaxBodyBytes, SignalCheck.MaxBytes);

    public void Map(RouteGroupBuilder api)
    {
        var runs = api.MapGroup("/runs").WithTags("Runs");
        runs.MapPost("/{run_id}/signals/{name}", SignalAsync).WithName("signal_run").Requires(ApiScope.Submit)
            .Produces<CommandView>()
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(409).ProducesProblem(503);
        runs.MapPost("/{run_id}/approvals/{step}", DecideAsync).WithName("decide_approval").Requires(ApiScope.Submit)
            .Produces<CommandView>()
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(409).ProducesProblem(503);
        api.MapGet("/approvals", ListAsync).WithName("list_approvals").WithTags("Runs").Requires(ApiScope.Read)
            .Knows("cursor", "limit")
            .Produces<ApprovalPage>().ProducesProblem(400);
    }

    private async Task<IResult> SignalAsync([FromRoute(Name = "run_id")] string runId, string name, HttpContext context)
    {
        var (data, problem) = await JsonBody.ReadValueAsync(context.Request, _maxBytes);
        return problem ?? await SendAsync(context, runId, name, data ?? Json.Null, isDecision: false);
    }

    private async Task<IResult> DecideAsync([FromRoute(Name = "run_id")] string runId, string step, HttpContext context)
    {
        var (body, problem) = await JsonBody.ReadMembersAsync(context.Request, _maxBytes, "approved", "comment", "values");
        var data = body.ValueKind == JsonValueKind.Undefined ? Json.EmptyObject : Json.From(body);
        return problem ?? await SendAsync(context, runId, step, data, isDecision: true);
    }

    // Not cancelled by a client that hangs up: what it has sent completely is taken.
    private async Task<IResult> SendAsync(HttpContext context, string runId, string name, Json data, bool isDecision)
    {
        var key = context.Request.Headers.TryGetValue(KeyHeader, out var header) ? header.ToString() : null;
        if (key is not null && (key.Length is 0 or > SignalCheck.MaxKeyLength || key.Any(char.IsControl)))
        {
            return new ApiProblem(400, ApiCode.InvalidParameter,
                $"'{KeyHeader}' must have 1 to {SignalCheck.MaxKeyLength} characters.")
            { Field = KeyHeader };
        }
        return RunId.TryParse(runId, out var id)
            ? RunsApi.Answer(runId, await grid.CommandAsync(
                id, new RunCommand.Signal(name, data, context.Features.Get<ApiCaller>()?.Name, key, isDecision)),
                StatusCodes.Status200OK)
            : RunsApi.NoSuchRun(runId);
    }

    private async Task<IResult> ListAsync(HttpContext context, string? cursor, string? limit)
    {
        var read = new QueryReader(context.Request.Query);
        var query = new RunQuery(
            Activity: RunActivity.WaitingForApproval, Cursor: read.Text("cursor"), Limit: read.Int("limit", 1, 100, 50));
        if (read.Problem is { } problem)
        {
            return problem;
        }
        try
        {
            var page = await grid.ListRunsAsync(query, context.RequestAborted);
            var approvals = new List<ApprovalView>();
            foreach (var run in page.Runs)
            {
                if (await grid.GetRunAsync(run.RunId, context.RequestAborted) is { } details)
                {
                    approvals.AddRange(ApprovalView.Of(details));
                }
            }
            return Results.Json(new ApprovalPage(approvals, page.Next));
        }
        catch (FormatException e)
        {
            return new ApiProblem(400, ApiCode.InvalidParameter, e.Message) { Field = "cursor" };
        }
    }
}
