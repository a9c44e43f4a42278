using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using AgentGrid.Cli.Output;
using AgentGrid.Core;

namespace AgentGrid.Cli.Client;

/// <summary>
/// The server's events, live. Connects again with the last number, so that nothing is missed or repeated.
/// </summary>
internal sealed class EventFeed(GridServer server, Screen screen, TimeProvider time)
{
    private static readonly TimeSpan s_firstWait = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(5);

    /// <summary>Follows until it is cancelled. A server that cannot be reached at first is an error.</summary>
    /// <param name="query">Further parameters of the feed, beginning with '&amp;'; empty for every event.</param>
    public async IAsyncEnumerable<FeedLine> FollowAsync(
        long after, string query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var connectedOnce = false;
        var wait = s_firstWait;
        while (true)
        {
            using var socket = await ConnectAsync(after, query, connectedOnce, cancellationToken);
            if (socket is not null)
            {
                if (connectedOnce)
                {
                    screen.Note("Connected again.");
                }
                (connectedOnce, wait) = (true, s_firstWait);
                while (await ReadAsync(socket, cancellationToken) is { } line)
                {
                    after = line.Seq;
                    yield return line;
                }
                screen.Note($"The connection to {server.Address} is lost; trying again.");
            }
            await Task.Delay(wait, time, cancellationToken);
            wait = wait * 2 > s_longestWait ? s_longestWait : wait * 2;
        }
    }

    /// <summary>Follows one run: what has happened so far, and then live to the event that ends it.</summary>
    public async IAsyncEnumerable<FeedLine> FollowRunAsync(
        string runId, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Asked before the events are read: all events of a run that has ended by now are there to be read.
        var ended = (await server.RunAsync(runId, cancellationToken)).To<RunView>()!.IsEnded;
        FeedLine? last = null;
        for (var more = true; more;)
        {
            var number = after.ToString(CultureInfo.InvariantCulture);
            var page = await server.GetAsync(
                $"api/v1/runs/{Uri.EscapeDataString(runId)}/events?after={number}", cancellationToken);
            foreach (var e in page.Element.GetProperty("events").EnumerateArray())
            {
                var line = last = FeedLine.Of(Json.From(e));
                yield return line;
            }
            after = page.Element.GetProperty("next").GetInt64();
            more = !page.Element.GetProperty("at_end").GetBoolean();
        }
        // A run that was retried has several events that end it; only one that nothing follows is the end.
        if (ended || last is { EndsRun: true })
        {
            yield break;
        }
        await foreach (var line in FollowAsync(after, $"&run_id={runId}", cancellationToken))
        {
            yield return line;
            if (line.EndsRun)
            {
                yield break;
            }
        }
    }

    /// <summary>The number of the last event there is.</summary>
    public async Task<long> LastSeqAsync(CancellationToken cancellationToken) =>
        (await server.GetAsync("health", cancellationToken)).To<HealthView>()!.LastSeq;

    private async Task<ClientWebSocket?> ConnectAsync(
        long after, string query, bool connectedOnce, CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        if (server.ApiKey is not null)
        {
            socket.Options.SetRequestHeader("X-Api-Key", server.ApiKey);
        }
        var number = after.ToString(CultureInfo.InvariantCulture);
        var http = new Uri(server.Address, $"ws/agents?after={number}{query}");
        var address = new UriBuilder(http) { Scheme = http.Scheme == "https" ? "wss" : "ws" }.Uri;
        try
        {
            await socket.ConnectAsync(address, cancellationToken);
            return socket;
        }
        catch (WebSocketException e)
        {
            var status = socket.HttpStatusCode;
            socket.Dispose();
            if (status is >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError)
            {
                // A handshake has no place for the reason; the same question over HTTP has.
                await server.GetAsync("api/v1/agents", cancellationToken);
                throw new CliException(ExitCode.Refused, $"{address} refused with {(int)status}: {e.Message}", e);
            }
            return connectedOnce ? null : throw server.Unreachable(e);
        }
    }

    /// <summary>The next event; null when the connection has ended.</summary>
    private static async Task<FeedLine?> ReadAsync(ClientWebSocket socket, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        using var frame = new MemoryStream();
        try
        {
            while (true)
            {
                var read = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
                if (read.MessageType == WebSocketMessageType.Close)
                {
                    return null;
                }
                frame.Write(buffer, 0, read.Count);
                if (read.EndOfMessage)
                {
                    return FeedLine.Of(Json.Parse(frame.GetBuffer().AsSpan(0, (int)frame.Length)));
                }
            }
        }
        catch (WebSocketException)
        {
            return null;
        }
    }
}
