using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using AgentGrid.Cli.Output;
using AgentGrid.Core;
using AgentGrid.Core.Feed;

namespace AgentGrid.Cli.Client;

/// <summary>
/// The server's events, live. Connects again with the last number, so that nothing is missed or repeated.
/// </summary>
internal sealed class EventFeed(GridServer server, Screen screen, Reconnection connection)
{
    /// <summary>Follows until it is cancelled. A server that cannot be reached at first is an error.</summary>
    /// <param name="query">Further parameters of the feed, beginning with '&amp;'; empty for every event.</param>
    /// <param name="connectedAgain">Asked whenever the connection is there again; throws to end the following.</param>
    public async IAsyncEnumerable<FeedLine> FollowAsync(
        long after, string query, [EnumeratorCancellation] CancellationToken cancellationToken,
        Func<Task>? connectedAgain = null)
    {
        FeedLine? last = null;
        for (var connected = false; ; connected = true)
        {
            // The last one once more: a server with other data may have come as far by now, and then it is another.
            var seen = last;
            using var socket = await connection.AskAsync(
                () => ConnectAsync(seen?.Seq - 1 ?? after, query, cancellationToken), cancellationToken);
            if (connected)
            {
                await (connectedAgain?.Invoke() ?? Task.CompletedTask);
            }
            var isOther = false;
            var (line, why) = await ReadAsync(socket, cancellationToken);
            for (; line is not null; (line, why) = await ReadAsync(socket, cancellationToken))
            {
                var again = seen is not null && line.Seq == seen.Seq && !line.IsReset;
                isOther = again && (line.Time, line.RunId) != (seen!.Time, seen.RunId) && line.Stage != Stages.Damaged;
                seen = null;
                if (isOther)
                {
                    break;
                }
                if (!again)
                {
                    after = line.Seq;
                    last = line.IsReset ? null : line;
                    yield return line;
                }
            }
            if (isOther)
            {
                screen.Note($"Event {last!.Seq} is not the one it was: the server has other data. All its events follow.");
                (after, last) = (0, null);
                continue;
            }
            await connection.LostAsync(why, cancellationToken);
        }
    }

    /// <summary>Follows one run: what has happened so far, and then live to the event that ends it.</summary>
    public async IAsyncEnumerable<FeedLine> FollowRunAsync(
        string runId, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Asked before the events are read: all events of a run that has ended by now are there to be read.
        var ended = (await AskAsync(
            $"api/v1/runs/{GridServer.Segment(runId)}", cancellationToken)).To<RunView>()!.IsEnded;
        var over = false;
        for (var more = true; more;)
        {
            var number = after.ToString(CultureInfo.InvariantCulture);
            var page = await AskAsync(
                $"api/v1/runs/{GridServer.Segment(runId)}/events?after={number}", cancellationToken);
            foreach (var e in page.Element.GetProperty("events").EnumerateArray())
            {
                var line = FeedLine.Of(Json.From(e));
                if (line.IsReset)
                {
                    screen.Note(line.Text("message")!);
                    continue;
                }
                over = line.EndsRun || (over && line.IsSkipped);
                yield return line;
            }
            after = page.Element.GetProperty("next").GetInt64();
            more = !page.Element.GetProperty("at_end").GetBoolean();
        }
        // A run that was retried has several events that end it; only one that nothing follows is the end.
        if (ended || over)
        {
            yield break;
        }
        // The run may have gone with the data that it was in; nothing would ever come then. It is asked for by a connection that may be lost as well.
        var path = $"api/v1/runs/{GridServer.Segment(runId)}";
        await foreach (var line in FollowAsync(
            after, $"&run_id={runId}", cancellationToken, () => AskAsync(path, cancellationToken)))
        {
            if (line.IsReset)
            {
                screen.Note(line.Text("message")!);
                await AskAsync(path, cancellationToken);
                continue;
            }
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

    private Task<Json> AskAsync(string path, CancellationToken cancellationToken) =>
        connection.AskAsync(() => server.GetAsync(path, cancellationToken), cancellationToken);

    private async Task<ClientWebSocket> ConnectAsync(long after, string query, CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        // A connection over which nothing comes may be lost, or have nothing to tell: it is asked which.
        socket.Options.KeepAliveInterval = server.Patience / 2;
        socket.Options.KeepAliveTimeout = server.Patience / 2;
        if (server.ApiKey is not null)
        {
            socket.Options.SetRequestHeader("X-Api-Key", server.ApiKey);
        }
        var path = string.Create(CultureInfo.InvariantCulture, $"ws/agents?after={after}{query}");
        var http = new Uri(server.Address, path);
        var address = new UriBuilder(http) { Scheme = http.Scheme == "https" ? "wss" : "ws" }.Uri;
        using var silence = server.BeginSilence();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        try
        {
            await socket.ConnectAsync(address, either.Token);
            server.HasAnswered = true;
            return socket;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            socket.Dispose();
            throw server.Silent(server.Patience);
        }
        catch (WebSocketException e)
        {
            var status = socket.HttpStatusCode;
            socket.Dispose();
            if (status is >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError)
            {
                await ThrowReasonAsync(path, cancellationToken);
                throw new CliException(ExitCode.Refused, $"{address} refused with {(int)status}: {e.Message}", e);
            }
            throw server.Unreachable((e.InnerException ?? e).Message.TrimEnd('.'), e);
        }
    }

    // A handshake has no place for the reason; the same question over HTTP has.
    private async Task ThrowReasonAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            await server.GetAsync(path, cancellationToken);
        }
        catch (ProblemException e) when (e.Problem.Status == (int)HttpStatusCode.UpgradeRequired)
        {
            // Nothing is wrong with the question.
        }
    }

    /// <summary>The next event; null, with the reason, when the connection has ended.</summary>
    private async Task<(FeedLine? Line, string Why)> ReadAsync(
        ClientWebSocket socket, CancellationToken cancellationToken)
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
                    return (null, socket.CloseStatusDescription is { Length: > 0 } why ? why : "it was closed");
                }
                frame.Write(buffer, 0, read.Count);
                if (read.EndOfMessage)
                {
                    return (FeedLine.Of(Json.Parse(frame.GetBuffer().AsSpan(0, (int)frame.Length))), "");
                }
            }
        }
        catch (WebSocketException e)
        {
            return (null, e.Message.TrimEnd('.'));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // It was silent, and did not say that it is still there when it was asked.
            return (null, server.Silent(server.Patience).Why);
        }
    }
}
