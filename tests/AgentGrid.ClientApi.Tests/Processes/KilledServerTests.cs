using System.Text.Json;

namespace AgentGrid.ClientApi.Tests.Processes;

/// <summary>
/// The promises, held against SIGKILL. <c>AGENTGRID_CRASH_ROUNDS</c> sets how often the server is killed (default
/// 5), <c>AGENTGRID_CRASH_SEED</c> when (default: by the clock; every failure prints it).
/// </summary>
public sealed class KilledServerTests : IDisposable
{
    private const int Clients = 4;
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("agentgrid-kill-");
    private readonly FeedClient _feed = new();
    private readonly Posts _posts = new();

    public void Dispose() => _data.Delete(recursive: true);

    [Fact]
    public async Task KillUnderLoad_AgainAndAgain_HoldsEveryPromise()
    {
        var rounds = Setting("AGENTGRID_CRASH_ROUNDS", 5);
        var seed = Setting("AGENTGRID_CRASH_SEED", Environment.TickCount);
        TestContext.Current.SendDiagnosticMessage($"seed {seed}, {rounds} rounds");
        try
        {
            var random = new Random(seed);
            for (var round = 0; round < rounds; round++)
            {
                await LoadAndKillAsync(events: random.Next(1, 1_500));
            }
            await FinishAsync();
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"AGENTGRID_CRASH_SEED={seed}, AGENTGRID_CRASH_ROUNDS={rounds}: {e.Message}", e);
        }
    }

    private async Task LoadAndKillAsync(int events)
    {
        await using var server = await ServerProcess.StartAsync(_data.FullName);
        var reading = _feed.ReadAsync(server.Url, CancellationToken.None);
        var posting = Enumerable.Range(0, Clients).Select(_ => _posts.PostUntilGoneAsync(server)).ToArray();
        var killAt = _feed.Last + events;

        await _feed.SeenAsync(seen => seen.Count >= killAt, () => $"number {killAt}; the server wrote:\n{server.Output}");
        await server.KillAsync();

        await Task.WhenAll([reading, .. posting]);
    }

    private async Task FinishAsync()
    {
        await using var server = await ServerProcess.StartAsync(_data.FullName);
        using var stop = new CancellationTokenSource();
        var reading = _feed.ReadAsync(server.Url, stop.Token);
        await _posts.PostUnansweredAsync(server);
        var runs = _posts.Accepted.Values.ToHashSet();

        await _feed.SeenAsync(
            seen => runs.IsSubsetOf(seen.Where(FeedClient.EndsRun).Select(FeedClient.RunOf)),
            () => $"the end of {runs.Count} runs; the server wrote:\n{server.Output}");
        await server.EventuallyAsync(async () => await AllSlotsFreeAsync(server), "an agent still held slots");

        CheckFeed(runs);
        foreach (var run in runs)
        {
            var details = await GetAsync(server, $"api/v1/runs/{run}");
            Assert.Contains(details.GetProperty("status").GetString(), new[] { "completed", "failed" });
        }
        await stop.CancelAsync();
        await reading;
    }

    private void CheckFeed(HashSet<string> runs)
    {
        var events = _feed.Events;
        foreach (var run in events.GroupBy(FeedClient.RunOf))
        {
            Assert.Contains(run.Key, runs);
            Assert.Single(run, FeedClient.EndsRun);
            Once(run, e => FeedClient.StageOf(e).Split(':')[^1] is "succeeded" or "error" or "timeout" or "cancelled"
                && e.TryGetProperty("attempt", out var _), e => $"{e.GetProperty("step")}/{e.GetProperty("attempt")}");
            Once(run, e => FeedClient.StageOf(e).EndsWith(":done", StringComparison.Ordinal), FeedClient.StageOf);
        }
    }

    private static void Once(IEnumerable<JsonElement> run, Func<JsonElement, bool> which, Func<JsonElement, string> name)
    {
        var twice = run.Where(which).GroupBy(name).Where(g => g.Count() > 1).ToArray();
        Assert.True(twice.Length == 0, string.Join('\n', twice.SelectMany(g => g)));
    }

    private static async Task<bool> AllSlotsFreeAsync(ServerProcess server)
    {
        var agents = (await GetAsync(server, "api/v1/agents")).GetProperty("agents").EnumerateArray().ToArray();
        Assert.NotEmpty(agents);
        return agents.Select(a => a.GetProperty("load")).All(load =>
            load.GetProperty("running").GetInt32() == 0 && load.GetProperty("waiting").GetInt32() == 0);
    }

    private static async Task<JsonElement> GetAsync(ServerProcess server, string path)
    {
        using var response = await server.Client.GetAsync(path);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"GET {path}: {(int)response.StatusCode} {text}");
        return JsonElement.Parse(text);
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), out var value) ? value : otherwise;
}
