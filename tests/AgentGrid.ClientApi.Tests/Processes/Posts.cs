using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;

namespace AgentGrid.ClientApi.Tests.Processes;

/// <summary>Clients that post runs, one after the other, and keep what they were told.</summary>
internal sealed class Posts
{
    private int _posted;

    /// <summary>The runs that were accepted: their match ids, and their run ids.</summary>
    public ConcurrentDictionary<string, string> Accepted { get; } = new(StringComparer.Ordinal);

    /// <summary>Bodies that were posted and not answered, by match id; the server died over them.</summary>
    public ConcurrentDictionary<string, string> Unanswered { get; } = new(StringComparer.Ordinal);

    public int Overloaded { get; private set; }

    /// <summary>Posts until the server is gone.</summary>
    public async Task PostUntilGoneAsync(GridProcess server)
    {
        while (true)
        {
            var number = Interlocked.Increment(ref _posted);
            var matchId = $"match_{number}";
            if (!await PostAsync(server, matchId, Body(matchId, number)))
            {
                return;
            }
        }
    }

    /// <summary>Posts what was not answered once more.</summary>
    public async Task PostUnansweredAsync(GridProcess server)
    {
        foreach (var (matchId, body) in Unanswered.ToArray())
        {
            Assert.True(await PostAsync(server, matchId, body), $"The server died over {matchId}:\n{server.Output}");
        }
        Assert.Empty(Unanswered);
    }

    private async Task<bool> PostAsync(GridProcess server, string matchId, string body)
    {
        Unanswered[matchId] = body;
        try
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            using var response = await server.Client.PostAsync("api/v1/orchestrate", content);
            var text = await response.Content.ReadAsStringAsync();
            if (response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable)
            {
                Overloaded++;
                return true;
            }
            Assert.True(response.StatusCode is HttpStatusCode.Accepted or HttpStatusCode.OK,
                $"{(int)response.StatusCode} for {matchId}: {text}");
            var runId = JsonElement.Parse(text).GetProperty("run_id").GetString()!;
            Assert.Equal(runId, Accepted.GetOrAdd(matchId, runId));
            Unanswered.TryRemove(matchId, out _);
            return true;
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return false; // the server is dead; whether it has heard this is not known
        }
    }

    // Every eighth run is the quick start's; the others are quick ones of every mode.
    private static string Body(string matchId, int number) => number % 8 == 0
        ? JsonSerializer.Serialize(new { match_id = matchId, round = "1", grid_snapshot = QuickStart.Snapshot })
        : $$$"""
            {
              "match_id": "{{{matchId}}}", "round": "1", "ms": {{{number % 5}}}, "list": [1, 2, 3],
              "plan": {"steps": {
                "a": {"agent": "delay"},
                "b": {"agent": "flaky", "input": {"fail_times": 1}, "retry": {"max_attempts": 3, "backoff": "5ms"}},
                "c": {"agent": "echo", "mode": "each", "for_each": "input.list", "needs": ["a", "b"]}
              }}
            }
            """;
}
