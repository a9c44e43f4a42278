using AgentGrid.Kinds.Tests.Http;

namespace AgentGrid.Kinds.Tests.Engines;

/// <summary>What becomes of attempts of the kind <c>chat</c>, on a real server of each engine.</summary>
public abstract class ChatKindTests(ServerFixture grid, WorkService service) : ServiceKindTests(grid, service)
{
    protected override string Suffix => "/chat/completions";

    [Fact]
    public async Task Agents_ShowKindTargetAndHealth()
    {
        var agent = await AgentAsync();
        Assert.Equal(("chat", $"m-1 at {Service.Url}/render"), (agent.GetProperty("kind").GetString(), agent.GetProperty("target").GetString()));
        Assert.Equal("healthy", agent.GetProperty("health").GetProperty("condition").GetString());
    }

    [Fact]
    public async Task Metrics_HaveWhatItCost()
    {
        Assert.Equal("completed", ProcessKindTests.Status(await Grid.RunAsync("work", new { })));
        var metrics = await Grid.Server.Client.GetStringAsync("metrics");
        Assert.Contains("gen_ai_client_token_usage_sum{", metrics);
        Assert.Contains("gen_ai_token_type=\"output\"", metrics);
        Assert.Contains("gen_ai_request_model=\"m-1\"", metrics);
    }

    protected override string Keys(string url) =>
        $"kind: chat, model: m-1, endpoint: \"{url}\", output: value, output_schema: {{ type: object }}";
}

public sealed class EmbeddedChatKindTests(EmbeddedServer server, WorkService service) : ChatKindTests(server, service), IClassFixture<EmbeddedServer>;

public sealed class ClusterChatKindTests(ClusterServer server, WorkService service) : ChatKindTests(server, service), IClassFixture<ClusterServer>;
