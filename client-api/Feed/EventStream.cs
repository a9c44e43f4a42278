using System.Buffers;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Text;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Runs;

namespace AgentGrid.ClientApi.Feed;

/// <summary>
/// One run's events as <c>text/event-stream</c>. Ends after the event that ends the run for good, whether or not the
/// stage filter lets that event through.
/// </summary>
internal sealed partial class EventStream(
    IAgentGrid grid, HttpContext context, FeedQuery query, ApiOptions options, TimeProvider time, ILogger logger)
{
    private readonly FeedQuery _all = query with { Stage = null };

    /// <summary>False when there is no such run; nothing has been sent then.</summary>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        if (await grid.GetRunAsync(query.RunId!.Value, cancellationToken) is not { } run)
        {
            return false;
        }
        if (run.Summary.Status.IsEnded())
        {
            await ReadToEndAsync(cancellationToken);
            return true;
        }
        await StartAsync(cancellationToken);
        await FollowAsync(cancellationToken);
        return true;
    }

    // A client that connects again after the end gets 204, which tells an EventSource to stop doing so.
    private async Task ReadToEndAsync(CancellationToken cancellationToken)
    {
        var page = await grid.ReadEventsAsync(_all, cancellationToken: cancellationToken);
        if (page is { Events.IsEmpty: true, AtEnd: true })
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }
        await StartAsync(cancellationToken);
        await WriteAsync(page.Events, cancellationToken);
        while (!page.AtEnd)
        {
            page = await grid.ReadEventsAsync(_all with { After = page.Next }, cancellationToken: cancellationToken);
            await WriteAsync(page.Events, cancellationToken);
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        await using var cursor = FeedCursor.Start(grid, _all, time, cancellationToken);
        while (true)
        {
            try
            {
                if (!await cursor.NextAsync().WaitAsync(options.KeepAlive, time, cancellationToken))
                {
                    return;
                }
            }
            catch (TimeoutException)
            {
                context.Response.BodyWriter.Write(": keep-alive\n\n"u8);
                await FlushAsync(cancellationToken);
                continue;
            }
            await WriteAsync(cursor.Batch, cancellationToken);
            if (cursor.Batch.Any(e => e.EndsRun) && await IsOverAsync(cursor.Batch[^1].Seq, cancellationToken))
            {
                return;
            }
            cursor.Done();
        }
    }

    // A run that was retried has an end behind which it goes on.
    private async Task<bool> IsOverAsync(long last, CancellationToken cancellationToken)
    {
        var run = await grid.GetRunAsync(query.RunId!.Value, cancellationToken);
        if (run is not null && !run.Summary.Status.IsEnded())
        {
            return false;
        }
        var rest = await grid.ReadEventsAsync(_all with { After = last }, 1, cancellationToken);
        return rest is { Events.IsEmpty: true, AtEnd: true };
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
        // Proxies that gather responses would hold the events back.
        context.Response.Headers["X-Accel-Buffering"] = "no";
        await context.Response.StartAsync(cancellationToken);
    }

    private async Task WriteAsync(ImmutableArray<FeedEvent> events, CancellationToken cancellationToken)
    {
        var output = context.Response.BodyWriter;
        foreach (var e in events)
        {
            if (!query.Matches(e))
            {
                continue;
            }
            output.Write("id: "u8);
            var digits = output.GetSpan(20);
            Utf8Formatter.TryFormat(e.Seq, digits, out var length);
            output.Advance(length);
            output.Write("\nevent: "u8);
            Encoding.UTF8.GetBytes(e.Stage.AsSpan(), output);
            output.Write("\ndata: "u8);
            output.Write(e.Utf8.Span);
            output.Write("\n\n"u8);
        }
        await FlushAsync(cancellationToken);
    }

    private async Task FlushAsync(CancellationToken cancellationToken)
    {
        var flush = context.Response.BodyWriter.FlushAsync(cancellationToken);
        if (flush.IsCompletedSuccessfully)
        {
            return;
        }
        try
        {
            await flush.AsTask().WaitAsync(options.WebSocketSendTimeout, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            LogSlow(query.RunId!.Value.Value, options.WebSocketSendTimeout);
            context.Abort();
            throw new OperationCanceledException("The reader of the event stream has stopped reading.");
        }
    }
}
