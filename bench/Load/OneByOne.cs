using System.Diagnostics;
using System.Text.Json;

namespace AgentGrid.Bench.Load;

/// <summary>Posts inline plans one at a time, and waits for the end of each on the WebSocket.</summary>
internal sealed class OneByOne : IDisposable
{
    private readonly Uri _server;
    private readonly FeedSocket _feed;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _reading;
    private TaskCompletionSource<(bool Completed, long At)> _ended = new();
    private long _number;

    private OneByOne(Uri server, FeedSocket feed)
    {
        (_server, _feed) = (server, feed);
        _reading = feed.ReadAsync(_stop.Token);
    }

    public static async Task<OneByOne> OpenAsync(Uri server)
    {
        OneByOne? self = null;
        var feed = new FeedSocket
        {
            Prefix = $"one-{Guid.NewGuid().ToString("N")[..8]}-",
            RunEnded = (_, completed, at) => self!._ended.TrySetResult((completed, at)),
        };
        await feed.OpenAsync(server, CancellationToken.None);
        return self = new OneByOne(server, feed);
    }

    /// <summary>The match id of the last run; its round is 1.</summary>
    public string MatchId => $"{_feed.Prefix}{_number}";

    /// <param name="plan">The JSON of the plan.</param>
    /// <param name="patience">How long the run may take; null for ten minutes.</param>
    /// <returns>How long it took from the POST to its last event.</returns>
    public async Task<TimeSpan> RunAsync(string plan, TimeSpan? patience = null)
    {
        // A server closes a connection over which nothing came for two minutes, as while a long run was waited for.
        using var connection = await HttpConnection.OpenAsync(_server, CancellationToken.None);
        _number++;
        _ended = new TaskCompletionSource<(bool, long)>(TaskCreationOptions.RunContinuationsAsynchronously);
        var request = HttpConnection.Post(
            _server, "/api/v1/orchestrate", $$"""{"match_id":"{{MatchId}}","round":"1","plan":{{plan}}}""");
        var posted = Stopwatch.GetTimestamp();
        var status = await connection.SendAsync(request, CancellationToken.None);
        if (status != 202)
        {
            throw new InvalidOperationException($"The server answered {status} to the plan {plan[..Math.Min(300, plan.Length)]}");
        }
        await await Task.WhenAny(_ended.Task, _reading).WaitAsync(patience ?? TimeSpan.FromMinutes(10));
        var (completed, at) = await _ended.Task;
        return completed
            ? Stopwatch.GetElapsedTime(posted, at)
            : throw new InvalidOperationException($"The run {MatchId}/1 did not complete.");
    }

    /// <summary>The last run with its steps, as the server shows it.</summary>
    public async Task<JsonElement> DetailsAsync()
    {
        using var client = new HttpClient { BaseAddress = _server };
        var list = JsonElement.Parse(await client.GetByteArrayAsync($"api/v1/runs?match_id={MatchId}"));
        var id = list.GetProperty("runs")[0].GetProperty("run_id").GetString();
        return JsonElement.Parse(await client.GetByteArrayAsync($"api/v1/runs/{id}"));
    }

    public void Dispose()
    {
        _stop.Cancel();
        _feed.Dispose();
        _stop.Dispose();
    }
}
