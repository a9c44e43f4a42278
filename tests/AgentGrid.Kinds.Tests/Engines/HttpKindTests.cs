using AgentGrid.Kinds.Tests.Http;

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

public sealed class EmbeddedHttpKindTests(EmbeddedServer server, WorkService service) : HttpKindTests(server, service), IClassFixture<EmbeddedServer>;

public sealed class ClusterHttpKindTests(ClusterServer server, WorkService service) : HttpKindTests(server, service), IClassFixture<ClusterServer>;
