using System.Net.WebSockets;
using System.Text.Json;
using AgentGrid.Cluster.Tests.Histories;

namespace AgentGrid.Cluster.Tests.Partitions;

/// <summary>
/// A client of <c>/ws/agents</c> that connects again with the last number that it saw, and keeps what it was shown, right or
/// wrong: that is for the checker.
/// </summary>
internal sealed class FeedReader : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    // Nothing comes in that time only where a connection was lost without a word.
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(20);
    private readonly Lock _gate = new();
    private readonly List<Shown> _shown = [];
    private readonly HashSet<string> _ended = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly Uri _api;
    private readonly Task _reading;
    private long _last;

    public FeedReader(Uri api)
    {
        _api = api;
        _reading = ReadOnAsync();
    }

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _shown.Count;
            }
        }
    }

    public IReadOnlyList<Shown> After(int count)
    {
        lock (_gate)
        {
            return [.. _shown[count..]];
        }
    }

    public bool HasEnded(string run)
    {
        lock (_gate)
        {
            return _ended.Contains(run);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _reading;
        _stopping.Dispose();
    }

    private async Task ReadOnAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            using var silence = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            try
            {
                await ReadAsync(silence);
            }
            catch (Exception e) when (e is WebSocketException or OperationCanceledException)
            {
                // Lost, or silent for long.
            }
            await Task.Delay(Pause, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ReadAsync(CancellationTokenSource silence)
    {
        using var socket = new ClientWebSocket();
        var buffer = new byte[64 * 1024];
        using var message = new MemoryStream();
        var address = new UriBuilder(_api) { Scheme = "ws", Path = "/ws/agents", Query = $"after={_last}" }.Uri;
        silence.CancelAfter(LongestSilence);
        await socket.ConnectAsync(address, silence.Token);
        while (true)
        {
            silence.CancelAfter(LongestSilence);
            var received = await socket.ReceiveAsync(buffer.AsMemory(), silence.Token);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return;
            }
            message.Write(buffer, 0, received.Count);
            if (received.EndOfMessage)
            {
                Take(JsonElement.Parse(message.GetBuffer().AsSpan(0, (int)message.Length)));
                message.SetLength(0);
            }
        }
    }

    private void Take(JsonElement e)
    {
        // What stands for events that are damaged or lost has no run.
        var (key, run) = e.TryGetProperty("run_id", out var id)
            ? ($"{e.GetProperty("match_id")}/{e.GetProperty("round")}", $"{id}") : ($"{e}", $"{e}");
        var shown = new Shown(
            e.GetProperty("seq").GetInt64(), key, run,
            $"{e.GetProperty("stage")}", e.TryGetProperty("step", out var step) ? $"{step}" : null,
            e.TryGetProperty("attempt", out var attempt) ? attempt.GetInt32() : null);
        _last = shown.Seq;
        lock (_gate)
        {
            _shown.Add(shown);
            if (shown.EndsRun)
            {
                _ended.Add(shown.Run);
            }
        }
    }
}
