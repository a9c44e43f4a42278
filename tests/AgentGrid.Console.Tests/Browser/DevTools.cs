using System.Buffers;
using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json;

namespace AgentGrid.Console.Tests.Browser;

/// <summary>A connection that speaks the Chrome DevTools Protocol: commands with answers, and events.</summary>
public sealed class DevTools : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);
    private readonly ClientWebSocket _socket = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonElement>> _asked = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _receiving = Task.CompletedTask;
    private int _last;

    private DevTools()
    {
    }

    /// <summary>Session, name and content of each event, one after the other.</summary>
    public event Action<string, string, JsonElement>? Happened;

    public static async Task<DevTools> ConnectAsync(Uri address)
    {
        var devTools = new DevTools();
        await devTools._socket.ConnectAsync(address, CancellationToken.None);
        devTools._receiving = devTools.ReceiveAsync();
        return devTools;
    }

    public async Task<JsonElement> SendAsync(string method, object? parameters = null, string? session = null)
    {
        var id = Interlocked.Increment(ref _last);
        var answer = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked[id] = answer;
        var message = new Dictionary<string, object>
        {
            ["id"] = id,
            ["method"] = method,
            ["params"] = parameters ?? new { },
        };
        if (session is not null)
        {
            message["sessionId"] = session;
        }
        var bytes = JsonSerializer.SerializeToUtf8Bytes(message, s_json);
        await _sending.WaitAsync();
        try
        {
            await _socket.SendAsync(bytes, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        }
        finally
        {
            _sending.Release();
        }
        var reply = await answer.Task.WaitAsync(s_patience);
        return reply.TryGetProperty("error", out var error)
            ? throw new InvalidOperationException($"Chromium refused {method}: {error}")
            : reply.GetProperty("result");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _receiving;
        _socket.Dispose();
        _sending.Dispose();
        _stop.Dispose();
    }

    private async Task ReceiveAsync()
    {
        var message = new ArrayBufferWriter<byte>(64 * 1024);
        try
        {
            while (true)
            {
                var read = await _socket.ReceiveAsync(message.GetMemory(16 * 1024), _stop.Token);
                message.Advance(read.Count);
                if (read.MessageType == WebSocketMessageType.Close)
                {
                    return;
                }
                if (read.EndOfMessage)
                {
                    Take(JsonElement.Parse(message.WrittenSpan));
                    message.ResetWrittenCount();
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException)
        {
            foreach (var (_, waiting) in _asked)
            {
                waiting.TrySetException(new InvalidOperationException("Chromium is gone.", e));
            }
        }
    }

    private void Take(JsonElement message)
    {
        if (message.TryGetProperty("id", out var id))
        {
            if (_asked.TryRemove(id.GetInt32(), out var waiting))
            {
                waiting.SetResult(message);
            }
            return;
        }
        var session = message.TryGetProperty("sessionId", out var s) ? s.GetString()! : "";
        Happened?.Invoke(session, message.GetProperty("method").GetString()!, message.GetProperty("params"));
    }
}
