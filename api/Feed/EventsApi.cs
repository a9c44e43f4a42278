using System.Buffers;
using System.Text.Json;
using AgentGrid.Api.Requests;
using AgentGrid.Api.Runs;
using AgentGrid.Api.Security;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using Microsoft.AspNetCore.Mvc;

namespace AgentGrid.Api.Feed;

/// <summary>A page of a run's events.</summary>
/// <param name="Events">As on the WebSocket.</param>
/// <param name="Next">What to pass as <c>after</c> for the page behind this one.</param>
/// <param name="AtEnd">There was nothing more when the page was read.</param>
public sealed record EventPage(IReadOnlyList<Json> Events, long Next, bool AtEnd);

/// <summary><c>GET /api/v1/runs/{run_id}/events</c>: a page as JSON, or a stream for those who accept one.</summary>
internal sealed class EventsApi(
    IAgentGrid grid, ApiOptions options, FeedSlots slots, IHostApplicationLifetime lifetime, TimeProvider time,
    ILogger<EventStream> logger)
{
    /// <summary>What a request accepts that wants a stream.</summary>
    public const string StreamType = "text/event-stream";

    public void Map(RouteGroupBuilder api) => api.MapGet("/runs/{run_id}/events", HandleAsync)
        .WithName("get_events").WithTags("Events").Requires(ApiScope.Read).TakesTickets()
        .Knows("after", "limit", "stage", "events", TicketsApi.Parameter)
        .Produces<EventPage>(200, "application/json", StreamType).Produces(204)
        .ProducesProblem(400).ProducesProblem(404).ProducesProblem(503);

    private async Task<IResult> HandleAsync(
        [FromRoute(Name = "run_id")] string runId, string? after, string? limit, string? stage, string? events,
        string? ticket, [FromHeader(Name = "Last-Event-ID")] string? lastEventId, HttpContext context)
    {
        if (!RunId.TryParse(runId, out var id))
        {
            return RunsApi.NoSuchRun(runId);
        }
        var read = new QueryReader(context.Request.Query);
        var size = read.Int("limit", 1, 10_000, 500);
        var streams = Accepts(context.Request);
        // A browser that connects again sends the header, and the URL with its old 'after'.
        var resume = streams && lastEventId is { Length: > 0 } ? read.Seq("Last-Event-ID", lastEventId) : null;
        var query = new FeedQuery(resume ?? read.Seq("after") ?? 0, RunId: id, Stage: read.Text("stage"));
        var typed = read.Choice("events", "plain", "typed") == "typed";
        if (read.Problem is { } problem)
        {
            return problem;
        }
        return streams
            ? await StreamAsync(context, query, typed, runId)
            : await PageAsync(context, query, size, runId);
    }

    /// <summary>Whether a request wants a stream.</summary>
    public static bool Accepts(HttpRequest request) => request.GetTypedHeaders().Accept.Any(a =>
        a.MediaType.Equals(StreamType, StringComparison.OrdinalIgnoreCase) && a.Quality is not 0);

    private async Task<IResult> PageAsync(HttpContext context, FeedQuery query, int size, string runId)
    {
        var page = await grid.ReadEventsAsync(query, size, context.RequestAborted);
        if ((page is { Events.IsEmpty: true, AtEnd: true } || page.Events.Any(e => e.Stage == Stages.Reset))
            && await grid.GetRunAsync(query.RunId!.Value, context.RequestAborted) is null)
        {
            return RunsApi.NoSuchRun(runId);
        }
        var body = new ArrayBufferWriter<byte>(page.Events.Length * 256 + 64);
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteStartArray("events"u8);
            foreach (var e in page.Events)
            {
                json.WriteRawValue(e.Utf8.Span, skipInputValidation: true);
            }
            json.WriteEndArray();
            json.WriteNumber("next"u8, page.Next);
            json.WriteBoolean("at_end"u8, page.AtEnd);
            json.WriteEndObject();
        }
        return Results.Bytes(body.WrittenMemory, "application/json; charset=utf-8");
    }

    private async Task<IResult> StreamAsync(HttpContext context, FeedQuery query, bool typed, string runId)
    {
        if (!slots.TryEnter())
        {
            return slots.Refusal();
        }
        try
        {
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(
                context.RequestAborted, lifetime.ApplicationStopping);
            var stream = new EventStream(grid, context, query, typed, options, time, logger);
            return await stream.RunAsync(ending.Token) ? Results.Empty : RunsApi.NoSuchRun(runId);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // The client connects again, with the number of the last event that it has seen.
            return Results.Empty;
        }
        finally
        {
            slots.Leave();
        }
    }
}
