using System.Buffers;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Text;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Api.Feed;

/// <summary>
/// One run's events as <c>text/event-stream</c>. Ends after the event that ends the run for good, whether or not the
/// stage filter lets that event through.
/// </summary>
/// <param name="query">What to read; of one run.</param>
/// <param name="typed">Whether each event has its stage as its type; else all have the default one.</param>
internal sealed partial class EventStream(
    IAgentGrid grid, HttpContext context, FeedQuery query, bool typed, ApiOptions options, TimeProvider time,
    ILogger logger)
{
    private readonly RunId _run = query.RunId!.Value;
    private readonly bool _headAlone = HttpMethods.IsHead(context.Request.Method);
    private long _seen = query.After ?? 0;
    private long _written;

    // Filtered when it is written: the event that ends the run must be seen whatever is asked for.
    private FeedQuery Rest => query with { After = _seen, Stage = null };

    /// <summary>False when there is no such run; nothing has been sent then.</summary>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        // What ends a run need not be its last event: it may be retried, and posts of the same are told of after it.
        // So whether it is over is never told from one event: after each that may end it, the run is looked at again.
        while (await grid.GetRunAsync(_run, cancellationToken) is { } run)
        {
            var goesOn = run.Summary.Status.IsEnded()
                ? await ReadToEndAsync(cancellationToken)
                : await FollowToEndAsync(cancellationToken);
            if (!goesOn)
            {
                return true;
            }
        }
        return context.Response.HasStarted;
    }

    // True when the run was retried meanwhile. A client that connects again after the end gets 204, which tells an
    // EventSource to stop doing so.
    private async Task<bool> ReadToEndAsync(CancellationToken cancellationToken)
    {
        var over = true;
        FeedPage page;
        do
        {
            page = await grid.ReadEventsAsync(Rest, cancellationToken: cancellationToken);
            foreach (var e in page.Events)
            {
                over = e.EndsRun || (over && e.Stage != Stages.Retried);
            }
            if (page.Events.Any(query.Matches))
            {
                await StartAsync(cancellationToken);
                if (_headAlone)
                {
                    return false;
                }
                await WriteAsync(page.Events, cancellationToken);
            }
            _seen = page.Next;
        }
        while (!page.AtEnd);
        if (over && !context.Response.HasStarted)
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
        return !over;
    }

    // True after an event that may have ended the run; false when the engine stops.
    private async Task<bool> FollowToEndAsync(CancellationToken cancellationToken)
    {
        await StartAsync(cancellationToken);
        if (_headAlone)
        {
            return false;
        }
        await using var cursor = FeedCursor.Start(grid, Rest, time, cancellationToken);
        while (await NextAsync(cursor, cancellationToken))
        {
            await WriteAsync(cursor.Batch, cancellationToken);
            _seen = cursor.Batch[^1].Seq;
            var mayEnd = cursor.Batch.Any(e => e.EndsRun);
            cursor.Done();
            if (mayEnd)
            {
                return true;
            }
        }
        return false;
    }

    // Shows life whenever nothing was written for a while, whatever came and was filtered out.
    private async Task<bool> NextAsync(FeedCursor cursor, CancellationToken cancellationToken)
    {
        while (true)
        {
            var next = cursor.NextAsync();
            var left = options.KeepAlive - time.GetElapsedTime(_written);
            if (next.IsCompleted || left > TimeSpan.Zero)
            {
                try
                {
                    var atMost = left > TimeSpan.Zero ? left : options.KeepAlive;
                    return await next.WaitAsync(atMost, time, cancellationToken);
                }
                catch (TimeoutException) when (!next.IsFaulted)
                {
                    // It may have come in this moment.
                    continue;
                }
            }
            context.Response.BodyWriter.Write(": keep-alive\n\n"u8);
            await FlushAsync(cancellationToken);
        }
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        if (context.Response.HasStarted)
        {
            return;
        }
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
        // Proxies that gather responses would hold the events back.
        context.Response.Headers["X-Accel-Buffering"] = "no";
        // Starting alone sends nothing: the client is to know at once that it is connected.
        await context.Response.StartAsync(cancellationToken);
        await FlushAsync(cancellationToken);
    }

    private async Task WriteAsync(ImmutableArray<FeedEvent> events, CancellationToken cancellationToken)
    {
        var output = context.Response.BodyWriter;
        var any = false;
        foreach (var e in events)
        {
            if (!query.Matches(e))
            {
                continue;
            }
            any = true;
            output.Write("id: "u8);
            var digits = output.GetSpan(20);
            Utf8Formatter.TryFormat(e.Seq, digits, out var length);
            output.Advance(length);
            if (typed)
            {
                output.Write("\nevent: "u8);
                Encoding.UTF8.GetBytes(e.Stage.AsSpan(), output);
            }
            output.Write("\ndata: "u8);
            output.Write(e.Utf8.Span);
            output.Write("\n\n"u8);
        }
        if (any)
        {
            await FlushAsync(cancellationToken);
        }
    }

    private async Task FlushAsync(CancellationToken cancellationToken)
    {
        _written = time.GetTimestamp();
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
            LogSlow(_run.Value, options.WebSocketSendTimeout);
            context.Abort();
            throw new OperationCanceledException("The reader of the event stream has stopped reading.");
        }
    }
}
