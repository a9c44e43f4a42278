using System.Globalization;
using System.Net.WebSockets;
using AgentGrid.Core.Feed;

namespace AgentGrid.Api.Feed;

/// <summary>
/// One WebSocket from its handshake to its end. Sending and receiving run beside each other; whichever has a reason
/// to end first, names it.
/// </summary>
internal sealed partial class SocketFeed(
    WebSocket socket, CoalescingStream stream, FeedCursor cursor, ApiOptions options, CancellationToken stopping,
    TimeProvider time, ILogger logger, string client)
{
    private const int MaxMessageBytes = 4096;
    private const int MaxGathered = 64 * 1024;
    private readonly TaskCompletionSource<SocketEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _draining = Task.CompletedTask;
    private long _last;

    /// <summary>Serves the client; false when the connection has to be cut.</summary>
    public async Task<bool> RunAsync()
    {
        using var stop = stopping.UnsafeRegister(
            static end => ((TaskCompletionSource<SocketEnd>)end!).TrySetResult(SocketEnd.Stopping), _end);
        var receiving = ReceiveAsync();
        var sending = SendAsync();
        var end = await _end.Task;
        // Leave the engine before being polite: a client that does not read must not keep anything there.
        await cursor.StopAsync();
        await sending;
        await cursor.DisposeAsync();
        if (end.Status is not { } status)
        {
            return false;
        }
        try
        {
            using var grace = new CancellationTokenSource(options.WebSocketCloseTimeout, time);
            await _draining.WaitAsync(grace.Token);
            await socket.CloseOutputAsync(status, end.Reason, grace.Token);
            await receiving.WaitAsync(grace.Token);
            return true;
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException or IOException)
        {
            return false;
        }
    }

    private async Task SendAsync()
    {
        try
        {
            while (!_end.Task.IsCompleted && await cursor.NextAsync())
            {
                if (!await SendBatchAsync())
                {
                    return;
                }
                cursor.Done();
            }
            _end.TrySetResult(SocketEnd.Stopping);
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException or IOException)
        {
            _end.TrySetResult(stopping.IsCancellationRequested ? SocketEnd.Stopping : SocketEnd.Vanished);
        }
        catch (Exception e)
        {
            LogFeedFailed(client, e);
            _end.TrySetResult(SocketEnd.Failed);
        }
    }

    private async Task<bool> SendBatchAsync()
    {
        var batch = cursor.Batch;
        for (var i = 0; i < batch.Length;)
        {
            stream.Cork();
            for (; i < batch.Length && stream.Gathered < MaxGathered; i++)
            {
                await socket.SendAsync(batch[i].Utf8, WebSocketMessageType.Text, endOfMessage: true, default);
            }
            if (!await DrainAsync(batch[i - 1]))
            {
                return false;
            }
        }
        return true;
    }

    private async Task<bool> DrainAsync(FeedEvent last)
    {
        _draining = stream.UncorkAsync();
        if (!_draining.IsCompletedSuccessfully)
        {
            try
            {
                // An end from elsewhere stops the waiting too; what is under way is waited for when closing.
                await Task.WhenAny(_draining, _end.Task).WaitAsync(options.WebSocketSendTimeout, time);
            }
            catch (TimeoutException)
            {
                LogSlow(client, options.WebSocketSendTimeout, _last);
                _end.TrySetResult(SocketEnd.Slow(options.WebSocketSendTimeout, _last));
            }
            if (!_draining.IsCompleted)
            {
                return false;
            }
            await _draining;
        }
        _last = last.Seq;
        return true;
    }

    // Clients have nothing to say here but that they go. What they say nevertheless is read and forgotten, so that
    // their closing is seen behind it.
    private async Task ReceiveAsync()
    {
        var buffer = new byte[512];
        var message = 0;
        try
        {
            while (true)
            {
                var received = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    _end.TrySetResult(SocketEnd.Closed);
                    return;
                }
                message += received.Count;
                if (message > MaxMessageBytes)
                {
                    _end.TrySetResult(SocketEnd.TooBig);
                }
                message = received.EndOfMessage ? 0 : Math.Min(message, MaxMessageBytes + 1);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            _end.TrySetResult(SocketEnd.Vanished);
        }
    }

    /// <summary>Why a feed ends. Without a status there is nobody left to tell.</summary>
    private sealed record SocketEnd(WebSocketCloseStatus? Status, string Reason)
    {
        public static readonly SocketEnd Closed = new(WebSocketCloseStatus.NormalClosure, "closed by the client");
        public static readonly SocketEnd Vanished = new(null, "the connection is gone");
        public static readonly SocketEnd Stopping = new(
            WebSocketCloseStatus.EndpointUnavailable, "the server is stopping");
        public static readonly SocketEnd Failed = new(WebSocketCloseStatus.InternalServerError, "the feed failed");
        public static readonly SocketEnd TooBig = new(
            WebSocketCloseStatus.MessageTooBig, $"messages to the feed may have at most {MaxMessageBytes} bytes");

        // At most 123 bytes, as RFC 6455 has it.
        public static SocketEnd Slow(TimeSpan timeout, long last) => new(
            WebSocketCloseStatus.PolicyViolation,
            string.Create(
                CultureInfo.InvariantCulture,
                $"stopped reading for {timeout.TotalSeconds:0.#} s; connect again with after={last}"));
    }
}
