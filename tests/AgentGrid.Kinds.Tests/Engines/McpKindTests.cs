using AgentGrid.Kinds.Tests.Http;

namespace AgentGrid.Kinds.Tests.Engines;

/// <summary>What becomes of attempts of the kind <c>mcp</c>, on a real server of each engine.</summary>
public abstract class McpKindTests(ServerFixture grid, WorkService service) : ServiceKindTests(grid, service)
{
    [Fact]
    public async Task Agents_ShowKindTargetAndHealth()
    {
        var agent = await AgentAsync();
        Assert.Equal(("mcp", $"work at {Service.Url}/render"), (agent.GetProperty("kind").GetString(), agent.GetProperty("target").GetString()));
        Assert.Equal("healthy", agent.GetProperty("health").GetProperty("condition").GetString());
    }

    protected override string Keys(string url) => $"kind: mcp, url: \"{url}\", tool: work";
}

[Collection(nameof(EmbeddedServer))]
public sealed class EmbeddedMcpKindTests(EmbeddedServer server, WorkService service) : McpKindTests(server, service);

[Collection(nameof(ClusterServer))]
public sealed class ClusterMcpKindTests(ClusterServer server, WorkService service) : McpKindTests(server, service);
