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
internal sealed class EventStream(
    IAgentGrid grid, HttpContext context, FeedQuery query, bool typed, ApiOptions options, TimeProvider time,
    ILogger logger)
{
    private readonly RunId _run = query.RunId!.Value;
    private readonly bool _headAlone = HttpMethods.IsHead(context.Request.Method);
    private readonly EventOutput _output = new(context, query.RunId!.Value, options, time, logger);
    private long _seen = query.After ?? 0;

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
                await _output.StartAsync(cancellationToken);
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
        await _output.StartAsync(cancellationToken);
        if (_headAlone)
        {
            return false;
        }
        await using var cursor = FeedCursor.Start(grid, Rest, time, cancellationToken);
        while (await _output.NextAsync(cursor, cancellationToken))
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

    private async Task WriteAsync(ImmutableArray<FeedEvent> events, CancellationToken cancellationToken)
    {
        var output = _output.Buffer;
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
            await _output.FlushAsync(cancellationToken);
        }
    }
}
