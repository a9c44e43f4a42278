using System.Text.Json;
using AgentGrid.Kinds.Tests.Http;
using AgentGrid.TestKit;
using static AgentGrid.Kinds.Tests.Engines.ProcessKindTests;

namespace AgentGrid.Kinds.Tests.Engines;

/// <summary>What becomes of attempts of kinds that ask a service, on a real server of each engine.</summary>
public abstract class ServiceKindTests(ServerFixture grid, WorkService service) : IAsyncLifetime, IClassFixture<WorkService>
{
    protected ServerFixture Grid => grid;

    protected WorkService Service => service;

    public ValueTask InitializeAsync() => ConfigureAsync("work", "/render");

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
        var input = Output(run).GetProperty("input");
        Assert.Equal((1.5, "zwölf"), (input.GetProperty("x").GetDouble(), input.GetProperty("text").GetString()));
    }

    [Fact]
    public async Task Progress_IsInTheFeed()
    {
        var run = await grid.RunAsync("work", new { @do = "progress" });
        Assert.Equal("completed", Status(run));
        await grid.SeenAsync(Id(run), "work:progress");
    }

    [Fact]
    public Task Cancel_ReachesTheService() => CancelsAsync("wait");

    [Fact]
    public async Task Timeout_FailsTheAttemptAndTellsTheService()
    {
        var run = await grid.RunAsync("work", new { @do = "wait", mark = "late" }, timeout: "2s");
        Assert.Equal(("failed", "timeout"), (Status(run), Code(run)));
        await Limits.UntilAsync(() => service.Cancelled.Contains("late"), () => "not told");
    }

    [Fact]
    public async Task ConnectionThatIsCut_IsRetried()
    {
        var run = await grid.RunAsync("work", new { @do = "die" }, retry: new { max_attempts = 2, backoff = "1ms", on = new[] { "connection_lost" } });
        Assert.Equal(("failed", "connection_lost"), (Status(run), Code(run)));
        Assert.Equal(2, Attempts(run).Count());
    }

    [Theory]
    [InlineData("large", "output_too_large")]
    [InlineData("garbage", "bad_answer")]
    public async Task UselessAnswer_FailsTheAttemptForGood(string what, string code)
    {
        var run = await grid.RunAsync("work", new { @do = what }, retry: new { max_attempts = 3, backoff = "1ms" });
        Assert.Equal(("failed", code), (Status(run), Code(run)));
        Assert.Single(Attempts(run));
    }

    [Fact]
    public async Task Overload_IsNotTriedAgainBeforeTheServiceSaid()
    {
        var run = await grid.RunAsync("work", new { @do = "overload" }, retry: new { max_attempts = 2, backoff = "1ms", jitter = 0 });
        Assert.Equal(("failed", "overloaded"), (Status(run), Code(run)));
        var (first, second) = (Attempts(run).First(), Attempts(run).Last());
        Assert.Equal(0.7, first.GetProperty("error").GetProperty("retry_after").GetDouble());
        Assert.True(
            second.GetProperty("started_at").GetDateTimeOffset() - first.GetProperty("ended_at").GetDateTimeOffset()
                >= TimeSpan.FromSeconds(0.7),
            run.GetRawText());
    }

    [Fact]
    public async Task ConfigEdit_UnderLoad_EveryRunCompletesAndTheNewAddressTakesOver()
    {
        using var over = new CancellationTokenSource();
        var paths = new HashSet<string>();
        async Task LoadAsync()
        {
            while (!over.IsCancellationRequested)
            {
                var run = await grid.RunAsync("work", new { });
                Assert.Equal("completed", Status(run));
                lock (paths)
                {
                    paths.Add(Output(run).GetProperty("path").GetString()!);
                }
            }
        }
        var load = Enumerable.Range(0, 4).Select(_ => LoadAsync()).ToArray();
        await SeesAsync("/render");
        grid.Configure(Agent("work", $"{service.Url}/two"));
        await SeesAsync("/two");
        // An address at which nobody is leaves the one before in force, and is shown.
        using var closed = new ClosedPort();
        grid.Configure(Agent("work", $"http://127.0.0.1:{closed.Port}/three"));
        await Limits.UntilAsync(async () => (await HealthAsync())?.GetProperty("condition").GetString() == "degraded", () => "not degraded");
        await over.CancelAsync();
        await Task.WhenAll(load);
        Assert.Equal([$"/render{Suffix}", $"/two{Suffix}"], paths.Order(StringComparer.Ordinal));

        Task SeesAsync(string start) => Limits.UntilAsync(
            () =>
            {
                lock (paths)
                {
                    return paths.Contains(start + Suffix) || load.Any(l => l.IsFaulted);
                }
            },
            () => $"'{start}' was never seen");
    }

    /// <summary>The kind's own keys, for a service at an address.</summary>
    protected abstract string Keys(string url);

    /// <summary>What is added to the address of a service to ask it.</summary>
    protected virtual string Suffix => "";

    protected async Task CancelsAsync(string what)
    {
        var id = await grid.PostAsync(ServerFixture.Step("work", new { @do = what, mark = what }));
        await grid.SeenAsync(id, "work:progress");
        using var answer = await grid.Server.Client.PostAsync($"api/v1/runs/{id}/cancel", null);
        Assert.True(answer.IsSuccessStatusCode);
        await Limits.UntilAsync(() => service.Cancelled.Contains(what), () => "not cancelled");
        Assert.Equal("cancelled", Status(await grid.EndAsync(id)));
    }

    protected async Task<JsonElement> AgentAsync() => (await AgentsAsync()).First(a => a.GetProperty("name").GetString() == "work");

    private string Agent(string name, string url) => $"agents: {{ {name}: {{ {Keys(url)} }} }}\n";

    // The server sees it a moment later, and then makes it ready; before that, the one of the test before is asked, or the
    // one that the server was started with.
    private async ValueTask ConfigureAsync(string name, string path)
    {
        var url = service.Url + path;
        if (!await grid.UseAsync(Agent(name, url)))
        {
            return;
        }
        await Limits.UntilAsync(
            async () => (await AgentsAsync()).Any(a =>
                a.GetProperty("name").GetString() == name && a.GetProperty("target").GetString()!.Contains(url, StringComparison.Ordinal)),
            () => "the server does not know the agent");
        await Limits.UntilAsync(
            async () => await grid.RunAsync(name, new { }) is var run && Status(run) == "completed"
                && Output(run).TryGetProperty("path", out var asked) && asked.GetString() == path + Suffix,
            () => "the agent does not work");
    }

    private async Task<IEnumerable<JsonElement>> AgentsAsync() =>
        (await grid.GetAsync("api/v1/agents")).GetProperty("agents").EnumerateArray();

    private async Task<JsonElement?> HealthAsync() => (await AgentAsync()).TryGetProperty("health", out var health) ? health : null;

    private static string Code(JsonElement run) => Attempts(run).Last().GetProperty("error").GetProperty("code").GetString()!;
}
