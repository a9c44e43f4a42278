using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace AgentGrid.Cluster.Tests.Silo;

/// <summary>The program without Redis: one silo that keeps its runs in a file.</summary>
public sealed class OneSiloTests : IAsyncDisposable
{
    private static readonly string s_wait = $"?wait={Limits.Patience.TotalSeconds}s";
    private readonly Scratch _folder = new();
    private readonly Follower _feed;
    private Uri? _url;

    public OneSiloTests() => _feed = Follower.Start(() => _url);

    public async ValueTask DisposeAsync()
    {
        await _feed.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task EmptyFolder_QuickStart_OutlivesTheProcess()
    {
        string done, open;
        await using (var first = await StartAsync())
        {
            Assert.Contains("one silo, runs in " + Path.Combine(_folder.Folder, "data", "agentgrid.db"), first.Output);
            using var body = new StringContent(QuickStart.Body, Encoding.UTF8, "application/json");
            done = await CompletedAsync(await first.Client.PostAsync($"/api/v1/orchestrate{s_wait}", body));
            open = await PostAsync(first, "delay", new { ms = 3_000 }, "");
            await _feed.SeenAsync(
                () => _feed.Events.Any(e => e.Run == open && e.Stage == "delay:start"), () => $"the start\n{first.Output}");
            await first.KillAsync();
        }

        await using var second = await StartAsync();

        var kept = await second.Client.GetFromJsonAsync<JsonElement>($"/api/v1/runs/{done}");
        Assert.Equal("completed", kept.GetProperty("status").GetString());
        await _feed.SeenAsync(() => _feed.HasEnded(open), () => $"the end\n{second.Output}");
        var run = await second.Client.GetFromJsonAsync<JsonElement>($"/api/v1/runs/{open}");
        Assert.Equal("completed", run.GetProperty("status").GetString());
        // From the first event on, over both connections, and live from the stream.
        await PostAsync(second, "echo", new { word = "hello" }, s_wait);
        var seen = _feed.Events.Select(e => e.Seq).ToArray();
        Assert.Equal(Enumerable.Range(1, seen.Length).Select(i => (long)i), seen);
        var metrics = await second.Client.GetStringAsync("/metrics");
        Assert.Contains("agentgrid_feed_events_total{", metrics, StringComparison.Ordinal);
        Assert.Contains("source=\"stream\"", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dashboard_OfOneSilo_ShowsIt()
    {
        await using var program = await StartAsync();
        await PostAsync(program, "echo", new { }, s_wait);

        using var page = await program.Client.GetAsync("/dashboard/");
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        await program.EventuallyAsync(
            async () => (await program.Client.GetStringAsync("/dashboard/DashboardCounters"))
                .Contains("\"siloAddress\"", StringComparison.Ordinal),
            "the dashboard showed no silo");
        using var console = await program.Client.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/")
        {
            Headers = { { "Accept", "text/html" } },
        });
        Assert.Contains("<html", await console.Content.ReadAsStringAsync(), StringComparison.OrdinalIgnoreCase);
        var nodes = await program.Client.GetFromJsonAsync<JsonElement>("/api/v1/nodes");
        Assert.Equal(1, nodes.GetProperty("nodes").GetArrayLength());
    }

    [Fact]
    public async Task Start_RedisIsNamedAndAway_SaysSoAndDoesNotFallBack()
    {
        using var closed = new ClosedPort();
        await using var program = GridProcess.Launch(
            "silo", _folder.Folder, ["--urls", "http://127.0.0.1:0", "--redis", $"127.0.0.1:{closed.Port}"]);

        Assert.Equal(1, await program.ExitCodeAsync());

        Assert.Contains($"Redis at 127.0.0.1:{closed.Port} cannot be reached", program.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder.Folder, "data")));
    }

    [Fact]
    public async Task Start_AnotherHasTheFile_IsRefusedByName()
    {
        await using var first = await StartAsync();
        await using var second = GridProcess.Launch("silo", _folder.Folder, ["--urls", "http://127.0.0.1:0"]);

        await second.ExitsSayingAsync("is in use by process");

        Assert.Equal(1, second.ExitCode);
        Assert.DoesNotContain("   at ", second.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WithTheServerOfOneMachine_GoesOnWithItsFile()
    {
        string run;
        var data = Directory.CreateDirectory(Path.Combine(_folder.Folder, "data"));
        await using (var server = await GridProcess.StartServerAsync(data.FullName))
        {
            run = await PostAsync(server, "delay", new { ms = 2_000 }, "");
            await server.KillAsync();
        }

        await using var silo = await StartAsync();

        await _feed.SeenAsync(() => _feed.HasEnded(run), () => $"the end\n{silo.Output}");
        var kept = await silo.Client.GetFromJsonAsync<JsonElement>($"/api/v1/runs/{run}");
        Assert.Equal("completed", kept.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Recover_ADamagedFile_KeepsWhatIsSoundAndSaysWhatNot()
    {
        var file = _folder.Write(Path.Combine("data", "agentgrid.db"), new string('x', 9_000));
        await using (var refused = GridProcess.Launch("silo", _folder.Folder, ["--urls", "http://127.0.0.1:0"]))
        {
            await refused.ExitsSayingAsync("--recover");
            Assert.Equal(1, refused.ExitCode);
        }
        await using (var recovery = GridProcess.Launch("silo", _folder.Folder, ["--recover"]))
        {
            await recovery.ExitsSayingAsync("Recovered: 0 runs are kept; the damaged file is now");
            Assert.Equal(0, recovery.ExitCode);
        }
        Assert.True(File.Exists(file));
        await using var program = await StartAsync();
        await PostAsync(program, "echo", new { }, s_wait);
    }

    private async Task<GridProcess> StartAsync()
    {
        var program = GridProcess.Launch("silo", _folder.Folder, ["--urls", "http://127.0.0.1:0"]);
        try
        {
            await program.ListeningAsync();
            await program.ReadyAsync();
            _url = program.Url;
            return program;
        }
        catch
        {
            await program.DisposeAsync();
            throw;
        }
    }

    private static async Task<string> PostAsync(GridProcess program, string agent, object input, string wait)
    {
        using var response = await program.Client.PostAsJsonAsync($"/api/v1/orchestrate{wait}", new
        {
            match_id = "m",
            round = Guid.NewGuid().ToString("N"),
            plan = new { steps = new { only = new { agent, input } } },
        });
        return wait.Length > 0 ? await CompletedAsync(response) : await RunAsync(response);
    }

    private static async Task<string> CompletedAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.Contains("\"status\":\"completed\"", text, StringComparison.Ordinal);
        return JsonElement.Parse(text).GetProperty("run_id").GetString()!;
    }

    private static async Task<string> RunAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Accepted, text);
        return JsonElement.Parse(text).GetProperty("run_id").GetString()!;
    }
}
