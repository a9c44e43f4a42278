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
internal sealed class EventFeed(GridServer server, Screen screen, TimeProvider time)
{
    private static readonly TimeSpan s_firstWait = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(5);

    /// <summary>Follows until it is cancelled. A server that cannot be reached at first is an error.</summary>
    /// <param name="query">Further parameters of the feed, beginning with '&amp;'; empty for every event.</param>
    /// <param name="connectedAgain">Asked whenever the connection is there again; throws to end the following.</param>
    public async IAsyncEnumerable<FeedLine> FollowAsync(
        long after, string query, [EnumeratorCancellation] CancellationToken cancellationToken,
        Func<Task>? connectedAgain = null)
    {
        var connectedOnce = false;
        var wait = s_firstWait;
        FeedLine? last = null;
        while (true)
        {
            // The last one once more: a server with other data may have come as far by now, and then it is another.
            var seen = last;
            using var socket = await ConnectAsync(seen?.Seq - 1 ?? after, query, connectedOnce, cancellationToken);
            if (socket is not null)
            {
                if (connectedOnce)
                {
                    screen.Note("Connected again.");
                    await (connectedAgain?.Invoke() ?? Task.CompletedTask);
                }
                (connectedOnce, wait) = (true, s_firstWait);
                var isOther = false;
                while (!isOther && await ReadAsync(socket, cancellationToken) is { } line)
                {
                    var again = seen is not null && line.Seq == seen.Seq && !line.IsReset;
                    isOther = again && line.Stage != Stages.Damaged
                        && (line.Time, line.RunId) != (seen!.Time, seen.RunId);
                    seen = null;
                    if (again)
                    {
                        continue;
                    }
                    after = line.Seq;
                    last = line.IsReset ? null : line;
                    yield return line;
                }
                if (isOther)
                {
                    screen.Note(
                        $"Event {last!.Seq} is another than it was: the server has other data. All of them follow.");
                    (after, last) = (0, null);
                    continue;
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
        var over = false;
        for (var more = true; more;)
        {
            var number = after.ToString(CultureInfo.InvariantCulture);
            var page = await server.GetAsync(
                $"api/v1/runs/{Uri.EscapeDataString(runId)}/events?after={number}", cancellationToken);
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
        // The run may have gone with the data that it was in; nothing would ever come then.
        await foreach (var line in FollowAsync(
            after, $"&run_id={runId}", cancellationToken, () => server.RunAsync(runId, cancellationToken)))
        {
            if (line.IsReset)
            {
                screen.Note(line.Text("message")!);
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

    private async Task<ClientWebSocket?> ConnectAsync(
        long after, string query, bool connectedOnce, CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        if (server.ApiKey is not null)
        {
            socket.Options.SetRequestHeader("X-Api-Key", server.ApiKey);
        }
        var path = string.Create(CultureInfo.InvariantCulture, $"ws/agents?after={after}{query}");
        var http = new Uri(server.Address, path);
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
                await ThrowReasonAsync(path, cancellationToken);
                throw new CliException(ExitCode.Refused, $"{address} refused with {(int)status}: {e.Message}", e);
            }
            return connectedOnce ? null : throw server.Unreachable(e);
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
