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
    public Task Cancel_ReachesTheService() => CancelsAsync("wait");

    [Fact]
    public async Task Timeout_FailsTheAttemptAndTellsTheService()
    {
        var run = await grid.RunAsync("work", new { @do = "wait", mark = "late" }, timeout: "2s");
        Assert.Equal(("failed", "timeout"), (Status(run), Code(run)));
        await Limits.UntilAsync(() => service.Cancelled.Contains("late"), () => "not told");
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

    protected string Agent(string name, string url) => $"agents: {{ {name}: {{ {Keys(url)} }} }}\n";

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
}
