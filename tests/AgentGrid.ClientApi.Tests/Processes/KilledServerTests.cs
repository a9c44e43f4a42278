using System.Text.Json;

namespace AgentGrid.ClientApi.Tests.Processes;

/// <summary>
/// The promises, held against SIGKILL. <c>AGENTGRID_CRASH_ROUNDS</c> sets how often the server is killed (default
/// 5), <c>AGENTGRID_CRASH_SEED</c> when (default: by the clock; every failure prints it).
/// </summary>
public sealed class KilledServerTests : IAsyncDisposable
{
    private const int Clients = 4;
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("agentgrid-kill-");
    private readonly Posts _posts = new();
    private readonly Follower _feed;
    private Uri? _url;

    public KilledServerTests() => _feed = Follower.Start(() => _url);

    public async ValueTask DisposeAsync()
    {
        await _feed.DisposeAsync();
        _data.Delete(recursive: true);
    }

    [Fact]
    public async Task KillUnderLoad_AgainAndAgain_HoldsEveryPromise()
    {
        var rounds = Setting("AGENTGRID_CRASH_ROUNDS", 3);
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
        await using var server = await GridProcess.StartServerAsync(_data.FullName);
        _url = server.Url;
        var posting = Enumerable.Range(0, Clients).Select(_ => _posts.PostUntilGoneAsync(server)).ToArray();
        var killAt = _feed.LastSeq + events;

        await _feed.SeenAsync(() => _feed.LastSeq >= killAt, () => $"number {killAt}; the server wrote:\n{server.Output}");
        await server.KillAsync();

        await Task.WhenAll(posting);
    }

    private async Task FinishAsync()
    {
        await using var server = await GridProcess.StartServerAsync(_data.FullName);
        _url = server.Url;
        await _posts.PostUnansweredAsync(server);
        var runs = _posts.Accepted.Values.ToHashSet();

        await _feed.SeenAsync(
            () => runs.All(_feed.HasEnded),
            () => $"the end of {runs.Count} runs; the server wrote:\n{server.Output}");
        await server.EventuallyAsync(async () => await AllSlotsFreeAsync(server), "an agent still held slots");

        CheckFeed(runs);
        foreach (var run in runs)
        {
            var details = await GetAsync(server, $"api/v1/runs/{run}");
            Assert.Contains(details.GetProperty("status").GetString(), new[] { "completed", "failed" });
        }
    }

    private void CheckFeed(HashSet<string> runs)
    {
        foreach (var run in _feed.Events.GroupBy(static e => e.Run))
        {
            Assert.Contains(run.Key, runs);
            Assert.Single(run, static e => e.EndsRun);
            Once(run, static e => e.EndsAttempt, static e => $"{e.Step}/{e.Attempt}");
            Once(run, static e => e.EndsStep, static e => e.Stage);
        }
    }

    private static void Once(IEnumerable<Seen> run, Func<Seen, bool> which, Func<Seen, string> name)
    {
        var twice = run.Where(which).GroupBy(name).Where(g => g.Count() > 1).ToArray();
        Assert.True(twice.Length == 0, string.Join('\n', twice.SelectMany(g => g)));
    }

    private static async Task<bool> AllSlotsFreeAsync(GridProcess server)
    {
        var agents = (await GetAsync(server, "api/v1/agents")).GetProperty("agents").EnumerateArray().ToArray();
        Assert.NotEmpty(agents);
        return agents.Select(a => a.GetProperty("load")).All(load =>
            load.GetProperty("running").GetInt32() == 0 && load.GetProperty("waiting").GetInt32() == 0);
    }

    private static async Task<JsonElement> GetAsync(GridProcess server, string path)
    {
        using var response = await server.Client.GetAsync(path);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"GET {path}: {(int)response.StatusCode} {text}");
        return JsonElement.Parse(text);
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), out var value) ? value : otherwise;
}
