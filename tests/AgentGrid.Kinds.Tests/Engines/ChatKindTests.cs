using AgentGrid.Kinds.Tests.Http;
using AgentGrid.TestKit;

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

    [Fact]
    public async Task Tools_AreAgentsOfTheGrid_AndTheirFailuresAreForTheModel()
    {
        Grid.Configure($$"""
            agents:
              work: { {{Keys(Service.Url + "/asks")}}, tools: { agents: [helper] } }
              helper: { kind: http, url: "{{Service.Url}}/helps", description: Helps. }
            """);
        await Limits.UntilAsync(
            async () => (await Grid.GetAsync("api/v1/agents")).GetProperty("agents").EnumerateArray().Any(a => a.GetProperty("name").GetString() == "helper"),
            () => "the server does not know the helper");
        await Limits.UntilAsync(async () => Asked(await Grid.RunAsync("work", new { })) == "/asks/chat/completions", () => "the model is not the new one");

        var helped = await Grid.RunAsync("work", new { @do = "call", tool = "helper", arguments = new { x = 1 } });
        Assert.Equal("completed", ProcessKindTests.Status(helped));
        Assert.Equal("/helps", Asked(helped));
        Assert.Equal(1, ProcessKindTests.Output(helped).GetProperty("input").GetProperty("x").GetInt32());
        await Grid.SeenAsync(ProcessKindTests.Id(helped), "work:progress");

        // The text that the model is given is no JSON object, which the answer has to be: so it shows in the error.
        var failed = await Grid.RunAsync("work", new { @do = "call", tool = "helper", arguments = new { @do = "overload" } });
        Assert.Contains(
            "This call failed with 'overloaded'", ProcessKindTests.Attempts(failed).Last().GetProperty("error").GetProperty("message").GetString());
        // Slots are free again.
        Assert.All(
            (await Grid.GetAsync("api/v1/agents")).GetProperty("agents").EnumerateArray(),
            a => Assert.Equal(0, a.GetProperty("load").GetProperty("running").GetInt32()));
    }

    private static string? Asked(System.Text.Json.JsonElement run) =>
        ProcessKindTests.Status(run) == "completed" ? ProcessKindTests.Output(run).GetProperty("path").GetString() : null;

    protected override string Keys(string url) =>
        $"kind: chat, model: m-1, endpoint: \"{url}\", output: value, output_schema: {{ type: object }}";
}

[Collection(nameof(EmbeddedServer))]
public sealed class EmbeddedChatKindTests(EmbeddedServer server, WorkService service) : ChatKindTests(server, service);

[Collection(nameof(ClusterServer))]
public sealed class ClusterChatKindTests(ClusterServer server, WorkService service) : ChatKindTests(server, service);
