using System.Text.Json;
using AgentGrid.Kinds.Tests.Http;
using AgentGrid.TestKit;

namespace AgentGrid.Kinds.Tests.Engines;

/// <summary>What becomes of attempts of the kind <c>http</c>, on a real server of each engine.</summary>
public abstract class HttpKindTests(ServerFixture grid, WorkService service) : ServiceKindTests(grid, service)
{
    [Fact]
    public Task Cancel_OfWorkThatIsDoneLater_WithdrawsIt() => CancelsAsync("job");

    [Fact]
    public async Task Agents_ShowKindTargetAndHealth()
    {
        var agent = await AgentAsync();
        Assert.Equal(("http", $"{Service.Url}/render"), (agent.GetProperty("kind").GetString(), agent.GetProperty("target").GetString()));
        Assert.Equal("healthy", agent.GetProperty("health").GetProperty("condition").GetString());
        Assert.Equal(16, agent.GetProperty("max_concurrency").GetInt32());
    }

    protected override string Keys(string url) => $"kind: http, url: \"{url}\", poll_interval: 100ms";
}

[Collection(nameof(EmbeddedServer))]
public sealed class EmbeddedHttpKindTests(EmbeddedServer server, WorkService service) : HttpKindTests(server, service)
{
    [Fact]
    public async Task ConfigEdit_UnderLoad_EveryRunCompletesAndTheNewAddressTakesOver()
    {
        var paths = await Grid.UnderLoadAsync("work", new { }, static o => o.GetProperty("path").GetString()!, async sees =>
        {
            await sees("/render");
            Grid.Configure(Agent("work", $"{Service.Url}/two"));
            await sees("/two");
            // An address at which nobody is leaves the one before in force, and is shown.
            using var closed = new ClosedPort();
            Grid.Configure(Agent("work", $"http://127.0.0.1:{closed.Port}/three"));
            await Limits.UntilAsync(async () => (await HealthAsync())?.GetProperty("condition").GetString() == "degraded", () => "not degraded");
        });
        Assert.Equal(["/render", "/two"], paths);
    }

    private async Task<JsonElement?> HealthAsync() => (await AgentAsync()).TryGetProperty("health", out var health) ? health : null;
}

[Collection(nameof(ClusterServer))]
public sealed class ClusterHttpKindTests(ClusterServer server, WorkService service) : HttpKindTests(server, service);
