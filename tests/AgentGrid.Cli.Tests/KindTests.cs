using AgentGrid.Cli.Tests.Hosting;

namespace AgentGrid.Cli.Tests;

/// <summary>Agents that are services, in the list of agents.</summary>
public sealed class KindTests
{
    [Fact]
    public async Task Agents_OfAKind_AreListedWithKindTargetAndHealth()
    {
        using var config = new Scratch();
        config.Write("agents.yaml", """
            agents:
              render: { kind: http, url: "http://127.0.0.1:1/render?key=${env:TEST_OF_CLI_RENDER}" }
              talk: { kind: chat, model: m-1, endpoint: "http://127.0.0.1:1/v1" }
            """);
        Environment.SetEnvironmentVariable("TEST_OF_CLI_RENDER", "s3cret");
        await using var host = new GridHost { Config = config.Folder };
        await host.InitializeAsync();
        var json = await host.Tool().RunAsync("agents", "--json");
        await Limits.UntilAsync(
            async () => (json = await host.Tool().RunAsync("agents", "--json")).Out.Split("unhealthy").Length == 3,
            () => json.Out);
        var people = await host.Tool().RunAsync("agents");

        var agent = json.Json.GetProperty("agents").EnumerateArray().Single(a => a.GetProperty("name").GetString() == "render");
        Assert.Equal("http", agent.GetProperty("kind").GetString());
        Assert.Equal("http://127.0.0.1:1/render?key=${env:TEST_OF_CLI_RENDER}", agent.GetProperty("target").GetString());
        Assert.Contains("http http://127.0.0.1:1/render?key=${env:TEST_OF_CLI_RENDER}, unhealthy: ", people.Out);
        Assert.Contains("chat m-1 at http://127.0.0.1:1/v1, unhealthy: ", people.Out);
        Assert.DoesNotContain("s3cret", json.Out + people.Out);
    }
}
