using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Http.Connections;
using AgentGrid.Kinds.Process;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace AgentGrid.Kinds.Mcp.Servers;

/// <summary>One connection to a server, from its first words until one side ends it.</summary>
internal sealed class McpSession : IAsyncDisposable
{
    // From this version on a request that is let go of is cancelled by that.
    private const string VersionWithoutSessions = "2026-07-28";

    private static readonly TimeSpan s_tellPatience = TimeSpan.FromSeconds(2);

    private readonly McpClient _client;
    private readonly ChildProcess? _program;
    private readonly ConcurrentDictionary<string, IAgentProgress> _progress;
    private readonly Lock _gate = new();
    private long _lastCall;
    private int _calls;
    private bool _isRetired;
    private Task? _closing;

    private McpSession(
        McpClient client, ChildProcess? program, ImmutableArray<McpTool> tools, ConcurrentDictionary<string, IAgentProgress> progress) =>
        (_client, _program, Tools, _progress) = (client, program, tools, progress);

    /// <summary>What the server can do, in its order.</summary>
    public ImmutableArray<McpTool> Tools { get; }

    /// <summary>The connection is over.</summary>
    public Task Ended => _client.Completion;

    /// <summary>Connects, and asks what the server can do.</summary>
    /// <param name="http">For a server with an address.</param>
    /// <param name="start">Starts the program; null for a server with an address.</param>
    /// <param name="longest">The longest message that is read, in bytes.</param>
    public static async Task<McpSession> OpenAsync(
        McpServerSettings settings, HttpClient? http, Func<ChildProcess>? start, Uri? address, int longest, TimeProvider time,
        CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(settings.StartTimeout, time);
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        var program = start?.Invoke();
        IClientTransport transport = program is null
            ? new HttpClientTransport(
                new HttpClientTransportOptions
                {
                    Endpoint = address!,
                    TransportMode = HttpTransportMode.StreamableHttp,
                    // Nothing is to come but answers.
                    EnableStandaloneGetStream = false,
                },
                http!)
            : new StreamClientTransport(new WholeWrites(program.Input), new LimitedStream(program.Output, longest, perLine: true));
        var progress = new ConcurrentDictionary<string, IAgentProgress>(StringComparer.Ordinal);
        McpClient? client = null;
        try
        {
            client = await McpClient.CreateAsync(
                new OrderedTransport(transport, notification => Report(notification, progress)),
                new McpClientOptions
                {
                    ClientInfo = new Implementation { Name = "agentgrid", Version = "1.0.0" },
                    InitializationTimeout = Timeout.InfiniteTimeSpan,
                },
                cancellationToken: late.Token).ConfigureAwait(false);
            return new McpSession(client, program, await ToolsAsync(client, late.Token).ConfigureAwait(false), progress);
        }
        catch (Exception e)
        {
            if (client is not null)
            {
                await client.DisposeAsync().ConfigureAwait(false);
            }
            var isLate = timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested;
            var notInTime = $"not ready within {settings.StartTimeout.TotalSeconds:0.###} s (start_timeout)";
            if (program is null)
            {
                if (isLate)
                {
                    throw new TimeoutException(notInTime, e);
                }
                throw;
            }
            var message = e is IOException
                ? await program.DescribeEndAsync("before it was ready").ConfigureAwait(false)
                : await program.WithTailAsync($"{program.Who} was {(isLate ? notInTime : $"not ready: {program.Shown(e.Message)}")}.").ConfigureAwait(false);
            program.Kill();
            cancellationToken.ThrowIfCancellationRequested();
            throw new AgentException(ProcessErrors.Unavailable, message, inner: e);
        }
    }

    /// <summary>All of it is gone.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_gate)
            {
                return _closing is { IsCompleted: true };
            }
        }
    }

    /// <summary>Begins a call; false when the connection is not to be used any more.</summary>
    public bool TryEnter()
    {
        lock (_gate)
        {
            if (_isRetired || Ended.IsCompleted)
            {
                return false;
            }
            _calls++;
            return true;
        }
    }

    /// <summary>The call is over.</summary>
    public void Leave()
    {
        lock (_gate)
        {
            _calls--;
            CloseWhenUnused();
        }
    }

    /// <summary>Nothing new is to begin here: it is closed when what goes on is over.</summary>
    public void Retire()
    {
        lock (_gate)
        {
            _isRetired = true;
            CloseWhenUnused();
        }
    }

    /// <summary>Calls a tool, between <see cref="TryEnter"/> and <see cref="Leave"/>.</summary>
    public async Task<JsonNode?> CallAsync(
        string tool, JsonElement arguments, AgentInvocation invocation, string idempotencyKey, IAgentProgress? progress,
        CancellationToken cancellationToken)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"call-{Interlocked.Increment(ref _lastCall)}");
        var meta = Meta(invocation, idempotencyKey);
        if (progress is not null)
        {
            meta["progressToken"] = id;
            _progress[id] = progress;
        }
        var request = new JsonRpcRequest
        {
            Id = new RequestId(id),
            Method = RequestMethods.ToolsCall,
            Params = new JsonObject { ["name"] = tool, ["arguments"] = JsonObject.Create(arguments), ["_meta"] = meta },
        };
        try
        {
            var answer = await _client.SendRequestAsync(request, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
            return answer.Result;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await TellCancelledAsync(request.Id).ConfigureAwait(false);
            throw;
        }
        catch (Exception e) when (_program is { } program && (e is IOException || Find<TooLongException>(e) is not null))
        {
            throw await DiedAsync(program, e).ConfigureAwait(false);
        }
        finally
        {
            _progress.TryRemove(id, out _);
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isRetired = true;
            return new ValueTask(_closing ??= CloseAsync());
        }
    }

    private static async Task<ImmutableArray<McpTool>> ToolsAsync(McpClient client, CancellationToken cancellationToken) =>
        client.ServerCapabilities.Tools is null
            ? []
            : [.. (await client.ListToolsAsync(cancellationToken: cancellationToken).ConfigureAwait(false))
                .Select(t => new McpTool(t.Name, t.Description is { Length: > 0 } said ? said : null, t.JsonSchema))];

    private static JsonObject Meta(AgentInvocation invocation, string idempotencyKey)
    {
        var meta = new JsonObject
        {
            ["agentgrid/run"] = invocation.RunId.Value,
            ["agentgrid/step"] = invocation.Step,
            ["agentgrid/attempt"] = invocation.Attempt,
            ["agentgrid/idempotency_key"] = idempotencyKey,
            ["agentgrid/deadline"] = invocation.Deadline.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
        };
        if (invocation.TraceParent is { } trace)
        {
            meta["traceparent"] = trace;
        }
        return meta;
    }

    private static T? Find<T>(Exception? e)
        where T : Exception
    {
        while (e is not (null or T))
        {
            e = e.InnerException;
        }
        return e as T;
    }

    // The message is of one call, and nobody knows of which; the program had to be ended for all.
    private async Task<Exception> DiedAsync(ChildProcess program, Exception e)
    {
        var tooLong = Find<TooLongException>(e);
        int calls;
        lock (_gate)
        {
            calls = _calls;
        }
        if (tooLong is not null && calls == 1)
        {
            program.Kill();
            return tooLong;
        }
        return new AgentException(
            ProcessErrors.Died,
            await program.DescribeEndAsync(tooLong is null ? "in the middle of an attempt" : "because it wrote a message that is too long").ConfigureAwait(false),
            inner: e);
    }

    // Programs are told by the library; servers that keep sessions go on with what nobody waits for if they are not.
    private async Task TellCancelledAsync(RequestId id)
    {
        if (_program is not null || string.CompareOrdinal(_client.NegotiatedProtocolVersion, VersionWithoutSessions) >= 0)
        {
            return;
        }
        using var patience = new CancellationTokenSource(s_tellPatience);
        try
        {
            await _client.SendNotificationAsync(
                NotificationMethods.CancelledNotification,
                new CancelledNotificationParams { RequestId = id, Reason = "nobody waits for it any more" },
                cancellationToken: patience.Token).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // It cannot be reached, or does not listen: nobody waits for it either way.
        }
    }

    private static void Report(JsonRpcNotification notification, ConcurrentDictionary<string, IAgentProgress> calls)
    {
        if (notification.Method == NotificationMethods.ProgressNotification
            && notification.Params is JsonObject said && said["progressToken"] is JsonValue token
            && token.TryGetValue(out string? id) && calls.TryGetValue(id, out var progress)
            && Number(said["progress"]) is { } done)
        {
            var share = Number(said["total"]) is > 0 and var total ? done / total : 0;
            progress.Report(share, said["message"] is JsonValue m && m.TryGetValue(out string? text) ? text : null);
        }
    }

    private static double? Number(JsonNode? node) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.TryGetValue(out double number) ? number : null;

    private void CloseWhenUnused()
    {
        if (_isRetired && _calls == 0)
        {
            _closing ??= Task.Run(CloseAsync);
        }
    }

    private async Task CloseAsync()
    {
        if (_program is { } program)
        {
            await program.StopAsync(() =>
            {
                try
                {
                    program.Input.Close();
                }
                catch (IOException)
                {
                    // It is closed at the other end.
                }
                return Task.CompletedTask;
            }).ConfigureAwait(false);
        }
        // It says goodbye to a server that keeps sessions, which may be deaf.
        await _client.DisposeAsync().AsTask().WaitAsync(s_tellPatience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _program?.Release();
    }
}
