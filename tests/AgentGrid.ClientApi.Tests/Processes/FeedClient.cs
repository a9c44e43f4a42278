using System.Net.WebSockets;
using System.Text.Json;

namespace AgentGrid.ClientApi.Tests.Processes;

/// <summary>
/// A WebSocket client of <c>/ws/agents</c> as a dashboard would be: it remembers the last number it saw, and
/// connects again with it. Fails on a number that is not the next one.
/// </summary>
internal sealed class FeedClient
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Lock _lock = new();
    private readonly List<JsonElement> _events = [];
    private readonly List<(Func<IReadOnlyList<JsonElement>, bool> Until, TaskCompletionSource Reached)> _watchers = [];

    public long Last { get; private set; }

    public IReadOnlyList<JsonElement> Events
    {
        get
        {
            lock (_lock)
            {
                return [.. _events];
            }
        }
    }

    /// <summary>Reads until the connection breaks or <paramref name="stop"/> is cancelled.</summary>
    public async Task ReadAsync(Uri server, CancellationToken stop)
    {
        using var socket = new ClientWebSocket();
        var buffer = new byte[64 * 1024];
        using var message = new MemoryStream();
        try
        {
            await socket.ConnectAsync(new UriBuilder(server) { Scheme = "ws", Path = "/ws/agents", Query = $"after={Last}" }.Uri, stop);
            while (true)
            {
                var received = await socket.ReceiveAsync(buffer.AsMemory(), stop);
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
        catch (WebSocketException)
        {
            // The server was killed; what it has sent is taken.
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    /// <summary>Waits until what was seen is as described.</summary>
    public async Task SeenAsync(Func<IReadOnlyList<JsonElement>, bool> until, Func<string> what)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (until(_events))
            {
                return;
            }
            _watchers.Add((until, reached));
        }
        try
        {
            await reached.Task.WaitAsync(Patience);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"Waited {Patience} for {what()}; saw {Events.Count} events.", e);
        }
    }

    public Task SeenAsync(string runId, string stage) => SeenAsync(
        events => events.Any(e => RunOf(e) == runId && StageOf(e) == stage), () => $"'{stage}' of run {runId}");

    public static string StageOf(JsonElement e) => e.GetProperty("stage").GetString()!;

    public static string RunOf(JsonElement e) => e.GetProperty("run_id").GetString()!;

    public static bool EndsRun(JsonElement e) => StageOf(e) is "completed" or "error" or "cancelled";

    private void Take(JsonElement e)
    {
        var seq = e.GetProperty("seq").GetInt64();
        Assert.True(seq == Last + 1, $"After number {Last} came {seq}: {e}");
        Last = seq;
        lock (_lock)
        {
            _events.Add(e);
            _watchers.RemoveAll(w => w.Until(_events) && w.Reached.TrySetResult());
        }
    }
}
