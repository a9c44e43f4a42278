using System.Diagnostics;
using AgentGrid.Api.Problems;
using AgentGrid.Api.Requests;
using AgentGrid.Api.Runs;
using AgentGrid.Api.Security;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Api.Orchestrate;

/// <summary>
/// <c>POST /api/v1/orchestrate</c>, and <c>POST /api/v1/runs</c> in general words: starts a run or finds it. Reads and writes without
/// binding or reflection.
/// </summary>
internal sealed class OrchestrateEndpoint(
    IAgentGrid grid, ApiOptions options, IHostApplicationLifetime lifetime, OverloadLog overload, MemoryGate memory, Waiting waiting)
{
    /// <summary>A body with <c>match_id</c> and <c>round</c>, which agents are given as it is.</summary>
    public Task OrchestrateAsync(HttpContext context) => HandleAsync(context, isGeneral: false);

    /// <summary>A body with a <c>key</c> and an <c>input</c>.</summary>
    public Task StartAsync(HttpContext context) => HandleAsync(context, isGeneral: true);

    private async Task HandleAsync(HttpContext context, bool isGeneral)
    {
        var query = new QueryReader(context.Request.Query);
        var wait = waiting.Wish(context.Request, query);
        var (result, problem) = query.Problem is null ? await SubmitAsync(context, isGeneral) : (null, query.Problem);
        if (result is null)
        {
            await problem!.ExecuteAsync(context);
            return;
        }
        switch (result)
        {
            case SubmitResult.Accepted accepted:
                await AnswerAsync(context, accepted.Run, replayed: false, wait);
                break;
            case SubmitResult.Replayed replayed:
                await AnswerAsync(context, replayed.Run, replayed: true, wait);
                break;
            default:
                if (result is SubmitResult.Overloaded overloaded)
                {
                    overload.Refused(CallerOf(context), overloaded.Message);
                }
                await SubmitProblems.Of(result).ExecuteAsync(context);
                break;
        }
    }

    private async ValueTask<(SubmitResult? Result, ApiProblem? Problem)> SubmitAsync(HttpContext context, bool isGeneral)
    {
        using var room = memory.Enter();
        if (!room.TryRead(Math.Min(context.Request.ContentLength ?? 0, options.MaxBodyBytes)))
        {
            return (MemoryGate.Refusal, null);
        }
        var (submit, problem) = await ReadAsync(context, isGeneral);
        if (submit is null)
        {
            return (null, problem);
        }
        // Not cancelled by a client that hangs up: what it has posted completely is accepted.
        return (room.TryRun(submit.Input.Length) ? await grid.SubmitAsync(submit) : MemoryGate.Refusal, null);
    }

    private async ValueTask<(SubmitRun? Submit, ApiProblem? Problem)> ReadAsync(HttpContext context, bool isGeneral)
    {
        var (body, problem) = await RequestBody.ReadAsync(context.Request, options.MaxBodyBytes);
        if (body is null)
        {
            return (null, problem);
        }
        using (body)
        {
            return OrchestrateReader.Read(body.Utf8, isGeneral, out problem) is { } read
                ? (new SubmitRun(
                    read.Key, read.Input, read.Plan, read.InlinePlan, read.Priority,
                    CallerOf(context), TraceParentOf(context.Request))
                {
                    StartAt = read.StartAt,
                    Delay = read.Delay,
                    Webhooks = read.Webhooks,
                    Labels = read.Labels,
                    OnConflict = read.OnConflict,
                }, null)
                : (null, problem);
        }
    }

    private static string? CallerOf(HttpContext context) => context.Features.Get<ApiCaller>()?.Name;

    // The span of the request where it has one, else the caller's. Where nobody listens ASP.NET Core makes an activity
    // without a source, which nobody would ever see. A context that is not well formed is ignored, as W3C asks.
    public static string? TraceParentOf(HttpRequest request) =>
        Activity.Current is { Source.Name.Length: > 0, Id: { } id } ? id
        : request.Headers.TryGetValue("traceparent", out var header) && header is [{ } text]
            && ActivityContext.TryParse(text, null, out _) ? text
        : null;

    private async Task AnswerAsync(HttpContext context, RunSummary run, bool replayed, TimeSpan wait)
    {
        if (wait > TimeSpan.Zero && await WaitAsync(context, run.RunId, wait) is { } waited)
        {
            if (waited.Summary.Status.IsEnded())
            {
                await Results.Json(RunView.Of(waited, replayed)).ExecuteAsync(context);
                return;
            }
            run = waited.Summary;
        }
        RunAnswer.Write(context.Response, run, replayed);
    }

    private async Task<RunDetails?> WaitAsync(HttpContext context, RunId id, TimeSpan wait)
    {
        if (!waiting.TryEnter())
        {
            return null;
        }
        using var until = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            return await grid.WaitForEndAsync(id, wait, until.Token);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return null;
        }
        finally
        {
            waiting.Leave();
        }
    }
}
