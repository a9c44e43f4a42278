using System.Diagnostics;
using System.Text.Json;
using AgentGrid.Kinds.Tests.Process;
using AgentGrid.TestKit;

namespace AgentGrid.Kinds.Tests.Engines;

/// <summary>What becomes of attempts of the kind <c>process</c>, on a real server of each engine.</summary>
public abstract class ProcessKindTests(ServerFixture grid) : IAsyncLifetime
{
    // The agent may still be the one of another class, or be held back after a test in which its processes died: a
    // success ends that.
    public async ValueTask InitializeAsync()
    {
        await grid.UseAsync(TestConfig.Agents);
        await Limits.UntilAsync(
            async () => await grid.RunAsync("work", new { x = 1 }) is var run && Status(run) == "completed"
                && Output(run).TryGetProperty("pid", out _),
            () => "the agent does not work");
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Success_OutputIsTheStepsOutput()
    {
        var run = await grid.RunAsync("work", new { x = 1.5, text = "zwölf" });
        Assert.Equal("completed", Status(run));
        Assert.Equal(1.5, Output(run).GetProperty("x").GetDouble());
        Assert.Equal("zwölf", Output(run).GetProperty("text").GetString());
    }

    [Fact]
    public async Task Cancel_ReachesTheAgent()
    {
        using var mark = new TemporaryFile();
        var id = await grid.PostAsync(ServerFixture.Step("work", new { @do = "wait", mark = mark.Path }));
        await grid.SeenAsync(id, "work:progress");
        using var answer = await grid.Server.Client.PostAsync($"api/v1/runs/{id}/cancel", null);
        Assert.True(answer.IsSuccessStatusCode);
        await Limits.UntilAsync(() => mark.Text == "cancelled", () => "not cancelled");
        Assert.Equal("cancelled", Status(await grid.EndAsync(id)));
    }

    [Fact]
    public async Task ConfigEdit_UnderLoad_EveryRunCompletesAndTheNewAgentTakesOver()
    {
        var before = TestConfig.Python("edited", "told", "VERSION: one");
        var versions = await grid.UnderLoadAsync(
            "edited", new { }, static o => o.GetProperty("environment").GetProperty("VERSION").GetString()!, async sees =>
            {
                await sees("one");
                grid.Configure(TestConfig.Agents.Replace(before, TestConfig.Python("edited", "told", "VERSION: two"), StringComparison.Ordinal));
                await sees("two");
                // One that does not work leaves the one before in force, and is shown.
                grid.Configure(TestConfig.Agents.Replace(before, TestConfig.Python("edited", "no_such_agent", "VERSION: three"), StringComparison.Ordinal));
                await ConditionAsync("degraded");
                Assert.Contains("has no agent 'no_such_agent'", (await HealthAsync("edited"))!.Value.GetProperty("problem").GetString());
                grid.Configure(TestConfig.Agents);
                await ConditionAsync("healthy");
            });
        Assert.Equal(["one", "two"], versions);

        Task ConditionAsync(string condition) => Limits.UntilAsync(
            async () => (await HealthAsync("edited"))?.GetProperty("condition").GetString() == condition, () => $"not {condition}");
    }

    [Fact]
    public async Task Agents_ShowKindTargetAndHealth()
    {
        await grid.RunAsync("work", new { });
        var agent = await AgentAsync("work");
        Assert.Equal("process", agent.GetProperty("kind").GetString());
        Assert.Equal("python3 -m agentgrid.worker agents:work", agent.GetProperty("target").GetString());
        Assert.Equal("healthy", agent.GetProperty("health").GetProperty("condition").GetString());
        Assert.Equal(2, agent.GetProperty("max_concurrency").GetInt32());
        Assert.Equal("code", (await AgentAsync("perception")).GetProperty("kind").GetString());
    }

    internal static string Status(JsonElement run) => run.GetProperty("status").GetString()!;

    internal static string Id(JsonElement run) => run.GetProperty("run_id").GetString()!;

    internal static JsonElement Output(JsonElement run) => run.GetProperty("steps")[0].GetProperty("output");

    internal static IEnumerable<JsonElement> Attempts(JsonElement run) =>
        run.GetProperty("steps")[0].GetProperty("attempts").EnumerateArray();

    internal static string Code(JsonElement run) => Attempts(run).Last().GetProperty("error").GetProperty("code").GetString()!;

    private async Task<JsonElement> AgentAsync(string name) =>
        (await grid.GetAsync("api/v1/agents")).GetProperty("agents").EnumerateArray()
            .First(a => a.GetProperty("name").GetString() == name);

    private async Task<JsonElement?> HealthAsync(string name) =>
        (await AgentAsync(name)).TryGetProperty("health", out var health) ? health : null;
}

[Collection(nameof(EmbeddedServer))]
public sealed class EmbeddedProcessKindTests(EmbeddedServer grid) : ProcessKindTests(grid)
{
    private readonly EmbeddedServer _grid = grid;

    [Fact]
    public async Task Timeout_FailsTheAttemptAndTellsTheAgent()
    {
        using var mark = new TemporaryFile();
        var run = await _grid.RunAsync("work", new { @do = "wait", mark = mark.Path }, timeout: "3s");
        Assert.Equal(("failed", "timeout"), (Status(run), Code(run)));
        await Limits.UntilAsync(() => mark.Text == "cancelled", () => "not told");
    }

    [Fact]
    public async Task Crash_FailsTheAttemptWithTheLastWordsAndIsRetried()
    {
        var run = await _grid.RunAsync("work", new { @do = "die" }, retry: new { max_attempts = 2, backoff = "1ms", on = new[] { "process_died" } });
        Assert.Equal(("failed", "process_died"), (Status(run), Code(run)));
        Assert.Equal(2, Attempts(run).Count());
        Assert.All(Attempts(run), a => Assert.Contains("these are my last words", a.GetProperty("error").GetProperty("message").GetString()));
    }

    [Fact]
    public async Task Artifacts_AreFilesToTheAgent()
    {
        var id = await _grid.PostAsync(new
        {
            steps = new
            {
                draw = new { agent = "work", input = new { @do = "draw", text = "zwölf" } },
                look = new { agent = "work", needs = new[] { "draw" }, input = new { @do = "look" } },
            },
        });
        var run = await _grid.EndAsync(id);

        Assert.True(Status(run) == "completed", run.GetRawText());
        var looked = run.GetProperty("steps")[1].GetProperty("output");
        Assert.Equal(["zwölf", "zwölf", "zwölf"], looked.GetProperty("seen").EnumerateArray().Select(static s => s.GetString()));
        Assert.Equal(("zwölf!", "artifact_not_found"), (looked.GetProperty("drawn").GetString(), looked.GetProperty("forged").GetString()));
        var listed = (await _grid.GetAsync($"api/v1/runs/{id}/artifacts")).GetProperty("artifacts").EnumerateArray().ToList();
        Assert.Equal(["a", "b", "c", "drawn"], listed.Select(static a => a.GetProperty("name").GetString()!));
        Assert.Equal(2, listed.Select(static a => a.GetProperty("sha256").GetString()).Distinct().Count());
        Assert.Equal("zwölf!", await _grid.Server.Client.GetStringAsync(listed[3].GetProperty("link").GetString()));
        Assert.False(Directory.Exists(run.GetProperty("steps")[0].GetProperty("output").GetProperty("folder").GetString()));
    }

    [Theory]
    [InlineData("../../agents.yaml")]
    [InlineData("/etc/passwd")]
    [InlineData("..")]
    [InlineData("not_there")]
    public async Task Artifacts_FileThatIsNone_FailsTheAttemptForGood(string file)
    {
        var run = await _grid.RunAsync("work", new { @do = "lie", file }, retry: new { max_attempts = 3, backoff = "1ms" });
        Assert.Equal(("failed", "bad_artifact"), (Status(run), Code(run)));
        Assert.Single(Attempts(run));
    }

    [Fact]
    public async Task Overload_IsNotTriedAgainBeforeTheAgentSaid()
    {
        var run = await _grid.RunAsync(
            "work", new { @do = "overload", retry_after = 0.7 }, retry: new { max_attempts = 2, backoff = "1ms", jitter = 0 });
        Assert.Equal(("failed", "overloaded"), (Status(run), Code(run)));
        var (first, second) = (Attempts(run).First(), Attempts(run).Last());
        Assert.Equal(0.7, first.GetProperty("error").GetProperty("retry_after").GetDouble());
        Assert.True(
            second.GetProperty("started_at").GetDateTimeOffset() - first.GetProperty("ended_at").GetDateTimeOffset()
                >= TimeSpan.FromSeconds(0.7),
            run.GetRawText());
    }

    [Fact]
    public async Task PythonClient_StartsFollowsAndCancelsRuns()
    {
        var start = new ProcessStartInfo("python3")
        {
            ArgumentList = { Path.Combine(AppContext.BaseDirectory, "Programs", "use_client.py"), _grid.Server.Url.ToString() },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PYTHONPATH"] = Path.Combine(AppContext.BaseDirectory, "python");
        using var client = System.Diagnostics.Process.Start(start)!;
        var output = client.StandardOutput.ReadToEndAsync();
        var errors = client.StandardError.ReadToEndAsync();
        await client.WaitForExitAsync().WaitAsync(Limits.Patience);
        Assert.True(client.ExitCode == 0, await errors);
        Assert.Equal("ok\n", await output);
    }
}

[Collection(nameof(ClusterServer))]
public sealed class ClusterProcessKindTests(ClusterServer grid) : ProcessKindTests(grid);
