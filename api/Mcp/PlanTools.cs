using System.Text.Json;
using System.Text.Json.Nodes;
using AgentGrid.Api.Orchestrate;
using AgentGrid.Api.Security;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace AgentGrid.Api.Mcp;

/// <summary>
/// The configured plans as tools of the Model Context Protocol: a call is a run, its events are the progress, and its result
/// is the answer. A call that is given up cancels the run that it began.
/// </summary>
internal sealed class PlanTools(
    IAgentGrid grid, ApiOptions options, MemoryGate memory, OverloadLog overload, Waiting waiting, IHttpContextAccessor http)
{
    private const string MatchOfCalls = "mcp";

    private static readonly JsonElement s_input = JsonElement.Parse("""
        {
          "type": "object",
          "properties": {
            "match_id": { "type": "string", "description": "With 'round' the key of the run: the same key finds the same run." },
            "round": { "type": "string", "description": "With 'match_id' the key of the run. Without it, each call is a new run." }
          },
          "additionalProperties": true
        }
        """);

    public async ValueTask<ListToolsResult> ListAsync(
        RequestContext<ListToolsRequestParams> request, CancellationToken cancellationToken) => new()
        {
            Tools = [.. (await grid.GetPlansAsync(cancellationToken)).Select(ToolOf)],
        };

    public async ValueTask<CallToolResult> CallAsync(
        RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        var call = request.Params!;
        var input = Json.From(call.Arguments ?? new Dictionary<string, JsonElement>());
        if (input.Length > options.MaxBodyBytes)
        {
            return Error($"The arguments have more than {options.MaxBodyBytes} bytes.");
        }
        var (match, round) = (TextOf(call, "match_id") ?? MatchOfCalls, TextOf(call, "round") ?? Guid.NewGuid().ToString("N"));
        if ((RunKey.Problem("match_id", match) ?? RunKey.Problem("round", round)) is { } problem)
        {
            return Error(problem);
        }
        if (!waiting.TryEnter())
        {
            return Error($"{options.MaxConcurrentWaits} requests are waiting for runs already, which is the limit: try again later.");
        }
        try
        {
            return await RunAsync(request, new RunKey(match, round), input, cancellationToken);
        }
        finally
        {
            waiting.Leave();
        }
    }

    private async ValueTask<CallToolResult> RunAsync(
        RequestContext<CallToolRequestParams> request, RunKey key, Json input, CancellationToken cancellationToken)
    {
        var caller = http.HttpContext?.Features.Get<ApiCaller>()?.Name;
        var trace = http.HttpContext is { } context ? OrchestrateEndpoint.TraceParentOf(context.Request) : null;
        switch (await SubmitAsync(new SubmitRun(key, input, request.Params!.Name, Tenant: caller, TraceParent: trace)))
        {
            case SubmitResult.Accepted(var run):
                return await FinishAsync(request, run.RunId, isOurs: true, cancellationToken);
            case SubmitResult.Replayed(var run):
                return await FinishAsync(request, run.RunId, isOurs: false, cancellationToken);
            case var refused:
                if (refused is SubmitResult.Overloaded overloaded)
                {
                    overload.Refused(caller, overloaded.Message);
                }
                return Error(SubmitProblems.Of(refused).Detail);
        }
    }

    // As a post: not cancelled by a client that hangs up, and only while there is memory for the run.
    private async ValueTask<SubmitResult> SubmitAsync(SubmitRun submit)
    {
        using var room = memory.Enter();
        return room.TryRun(submit.Input.Length) ? await grid.SubmitAsync(submit) : MemoryGate.Refusal;
    }

    private async Task<CallToolResult> FinishAsync(
        RequestContext<CallToolRequestParams> request, RunId run, bool isOurs, CancellationToken cancellationToken)
    {
        try
        {
            await FollowAsync(request, run, cancellationToken);
            return ResultOf(await grid.WaitForEndAsync(run, Timeout.InfiniteTimeSpan, cancellationToken));
        }
        catch (OperationCanceledException) when (isOurs && cancellationToken.IsCancellationRequested)
        {
            await grid.CancelAsync(run, "given up by the caller of the tool", CancellationToken.None);
            throw;
        }
    }

    // Every event is a step forward; how many there will be is not known.
    private async Task FollowAsync(
        RequestContext<CallToolRequestParams> request, RunId run, CancellationToken cancellationToken)
    {
        if (request.Params!.ProgressToken is not { } token)
        {
            return;
        }
        var count = 0;
        await foreach (var events in grid.FollowAsync(new FeedQuery(RunId: run, After: 0), cancellationToken))
        {
            foreach (var e in events)
            {
                await request.Server.NotifyProgressAsync(
                    token, new ProgressNotificationValue { Progress = ++count, Message = e.Stage },
                    cancellationToken: cancellationToken);
                if (e.EndsRun)
                {
                    return;
                }
            }
        }
    }

    private static Tool ToolOf(PlanDetails plan) => new()
    {
        Name = plan.Name,
        Description = plan.Definition.Element.TryGetProperty("description", out var said)
            ? said.GetString()
            : $"Runs the plan '{plan.Name}' of this grid over the arguments, and answers with its result.",
        InputSchema = plan.Definition.Element.TryGetProperty("input_schema", out var schema) ? WithKey(schema) : s_input,
    };

    // The key of the run is asked for by every tool, and checked by its own rules.
    private static JsonElement WithKey(JsonElement schema)
    {
        var tool = JsonObject.Create(schema)!;
        tool["type"] = "object";
        var members = tool["properties"] as JsonObject;
        tool["properties"] = members ??= [];
        foreach (var key in s_input.GetProperty("properties").EnumerateObject())
        {
            members[key.Name] = JsonObject.Create(key.Value);
        }
        return JsonSerializer.SerializeToElement(tool);
    }

    private static CallToolResult ResultOf(RunDetails? run)
    {
        switch (run)
        {
            case { Summary.Status: RunStatus.Completed, Result: { } result }:
                return new CallToolResult
                {
                    Content = [new TextContentBlock { Text = result.ToString() }],
                    StructuredContent = result.Element,
                };
            case null:
                return Error("The run was removed before its result could be read.");
            default:
                return Error(
                    $"Run {run.Summary.RunId} is {run.Summary.Status.ToString().ToLowerInvariant()}: " +
                    $"{run.Error?.Message ?? run.CancelReason}");
        }
    }

    private static CallToolResult Error(string message) => new()
    {
        IsError = true,
        Content = [new TextContentBlock { Text = message }],
    };

    private static string? TextOf(CallToolRequestParams call, string name) =>
        call.Arguments?.TryGetValue(name, out var value) != true ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : value.GetRawText();
}
