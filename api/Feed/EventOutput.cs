using System.Buffers;
using AgentGrid.Core;

namespace AgentGrid.Api.Feed;

/// <summary>
/// A response of the type <c>text/event-stream</c> about one run: it shows life while nothing comes, and a reader who takes
/// nothing is cut off.
/// </summary>
internal sealed partial class EventOutput(
    HttpContext context, RunId run, ApiOptions options, TimeProvider time, ILogger logger)
{
    private long _written;

    public bool HasStarted => context.Response.HasStarted;

    /// <summary>Tells the client at once that it is connected.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (HasStarted)
        {
            return;
        }
        context.Response.ContentType = EventsApi.StreamType;
        context.Response.Headers.CacheControl = "no-cache";
        // Proxies that gather responses would hold the events back.
        context.Response.Headers["X-Accel-Buffering"] = "no";
        // Starting alone sends nothing.
        await context.Response.StartAsync(cancellationToken);
        await FlushAsync(cancellationToken);
    }

    /// <summary>Whether there is a next batch; shows life whenever nothing was written for a while.</summary>
    public async Task<bool> NextAsync(FeedCursor cursor, CancellationToken cancellationToken)
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
            await WriteAsync(": keep-alive\n\n"u8.ToArray(), cancellationToken);
        }
    }

    /// <summary>Where to write what <see cref="FlushAsync"/> sends.</summary>
    public IBufferWriter<byte> Buffer => context.Response.BodyWriter;

    public Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        Buffer.Write(bytes.Span);
        return FlushAsync(cancellationToken);
    }

    public async Task FlushAsync(CancellationToken cancellationToken)
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
            LogSlow(run.Value, options.WebSocketSendTimeout);
            context.Abort();
            throw new OperationCanceledException("The reader of the event stream has stopped reading.");
        }
    }
}
