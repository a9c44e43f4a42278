using System.Net.WebSockets;

namespace AgentGrid.TestKit;

/// <summary>
/// A WebSocket client of <c>/ws/agents</c> as a dashboard would be: it remembers the last number it saw, and connects
/// again with it. Ends with a failure at a number that is not the next one.
/// </summary>
/// <param name="server">Where the server is now; null while there is none.</param>
public sealed class Follower(Func<Uri?> server) : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private readonly Lock _gate = new();
    private readonly List<Seen> _events = [];
    private readonly HashSet<string> _ended = [];
    private readonly List<(Func<bool> Until, TaskCompletionSource Reached)> _watchers = [];
    private readonly CancellationTokenSource _stopping = new();
    private Task _following = Task.CompletedTask;
    private long _last;

    /// <summary>How many events it has seen.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _events.Count;
            }
        }
    }

    /// <summary>The number of the last event that it has seen.</summary>
    public long LastSeq => Volatile.Read(ref _last);

    public IReadOnlyList<Seen> Events => After(0);

    public static Follower Start(Func<Uri?> server)
    {
        var follower = new Follower(server);
        follower._following = follower.FollowAsync();
        return follower;
    }

    /// <summary>What it has seen after the first so many.</summary>
    public Seen[] After(int count)
    {
        lock (_gate)
        {
            return [.. _events[count..]];
        }
    }

    /// <summary>Whether it has seen the end of the run.</summary>
    public bool HasEnded(string run)
    {
        lock (_gate)
        {
            return _ended.Contains(run);
        }
    }

    /// <summary>Waits until what was seen is as described; asked after each event.</summary>
    public async Task SeenAsync(Func<bool> until, Func<string> what)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (until())
            {
                return;
            }
            _watchers.Add((until, reached));
        }
        await Limits.WithinAsync(
            Task.WhenAny(reached.Task, _following).Unwrap(), () => $"{what()}; saw {Count} events");
    }

    public Task SeenAsync(string run, string stage) => SeenAsync(
        () => _events.Exists(e => e.Run == run && e.Stage == stage), () => $"'{stage}' of run {run}");

    /// <summary>Fails when the feed had a gap, or showed something twice.</summary>
    public Task CheckAsync() => _following.IsCompleted ? _following : Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task FollowAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                if (server() is { } url)
                {
                    await ReadAsync(url);
                }
            }
            catch (WebSocketException)
            {
                // The server was killed; what it has sent is taken.
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            await Task.Delay(Pause, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ReadAsync(Uri url)
    {
        using var socket = new ClientWebSocket();
        var buffer = new byte[64 * 1024];
        using var message = new MemoryStream();
        var address = new UriBuilder(url) { Scheme = "ws", Path = "/ws/agents", Query = $"after={_last}" }.Uri;
        await socket.ConnectAsync(address, _stopping.Token);
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), _stopping.Token);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return;
            }
            message.Write(buffer, 0, received.Count);
            if (received.EndOfMessage)
            {
                Take(Seen.Of(message.GetBuffer().AsSpan(0, (int)message.Length)));
                message.SetLength(0);
            }
        }
    }

    private void Take(Seen e)
    {
        Assert.True(e.Seq == _last + 1, $"After number {_last} came {e.Seq}: {e.Json}");
        _last = e.Seq;
        lock (_gate)
        {
            _events.Add(e);
            if (e.EndsRun)
            {
                _ended.Add(e.Run);
            }
            _watchers.RemoveAll(static w => w.Until() && w.Reached.TrySetResult());
        }
    }
}
