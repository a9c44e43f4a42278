using AgentGrid.Api.Security;
using AgentGrid.Console.Tests.Browser;
using AgentGrid.Core;

namespace AgentGrid.Console.Tests;

/// <summary>The table of agents.</summary>
[Collection(BrowserCollection.Name)]
public sealed class AgentsTests(Chromium chromium)
{
    private const string Echo = "tr:has(button[aria-label$=' echo'])";

    [Fact]
    public async Task Drain_Clicked_HoldsAttemptsUntilUndrain()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await page.GoAsync("#/agents");

        await page.ClickAsync("button[aria-label='Drain echo']");
        await page.SeesAsync($"{Echo} .tag", "drained");
        var id = await server.PostAsync("held", """{"a":{"agent":"echo"}}""");
        await page.UntilAsync($"document.querySelector(\"{Echo}\").cells[4].innerText === '1'");
        Assert.Equal("running", (await server.RunAsync(id)).GetProperty("status").GetString());

        await page.ClickAsync("button[aria-label='Undrain echo']");
        await page.UntilAsync($"document.querySelector(\"{Echo} .tag\").hidden");
        await page.UntilAsync($"document.querySelector(\"{Echo}\").cells[9].innerText === '1'");
        Assert.Equal("completed", (await server.RunAsync(id)).GetProperty("status").GetString());
        page.HasNotComplained();
    }

    [Fact]
    public async Task Drain_DoneElsewhere_IsShown()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await page.GoAsync("#/agents");
        await page.SeesAsync(Echo, "Drain");

        Assert.True(await server.Grid.DrainAgentAsync("echo", drained: true));

        await page.SeesAsync($"{Echo} .tag", "drained");
        await page.SeesAsync(Echo, "Undrain");
        page.HasNotComplained();
    }

    [Fact]
    public async Task Agent_IgnoresItsCancellation_NamesTheAttemptThatHasItsSlot()
    {
        await using var server = await ConsoleServer.StartClusterAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await page.GoAsync("#/agents");
        await page.SeesAsync(Echo, "Drain");
        var id = RunId.From(Guid.CreateVersion7());
        var now = DateTimeOffset.UtcNow;

        server.Cluster.Abandoned = [new(id, "m", "1", "motion", 2, "gpu1", now, now.AddSeconds(10))];
        await page.SeesAsync(Echo, "(+2 given up)");
        await page.SeesAsync($"{Echo} .abandoned", "not returned from m / 1, motion, attempt 2: told to stop at ");
        await page.SeesAsync($"{Echo} .abandoned", " on gpu1, holds its slot until ");
        await page.UntilAsync($"document.querySelector(\"{Echo} .abandoned a\").hash === '#/runs/{id}?step=motion'");

        server.Cluster.Abandoned = [new(id, "m", "1", "motion", 2, "gpu1", now, null)];
        await page.SeesAsync($"{Echo} .abandoned", "its slot is free again");
        page.HasNotComplained();
    }

    [Fact]
    public async Task Agent_OpenedFromTheTable_HasItsConfigurationLoadNodesAndRuns()
    {
        await using var server = await ConsoleServer.StartClusterAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        var failed = await server.PostAsync("failed", """{"a":{"agent":"flaky","input":{"fail_times":9}}}""");
        await server.PostAsync("held", """{"a":{"agent":"hold"}}""");
        await server.PostAsync("echoed", """{"a":{"agent":"echo"}}""");
        await page.GoAsync("#/agents");

        await page.ClickAsync("tbody th a", "hold");
        await page.SeesAsync("h1", "hold");
        await page.SeesAsync("[aria-label='Now'] dl", "Running\n1\n");
        await page.SeesAsync("[aria-label='Configuration in force'] dl", "Queue\ngeneral");
        await page.SeesAsync("[aria-label='Configuration in force'] dl", "Slots\n");
        await page.SeesAsync(".recent .row", "held");
        await page.UntilAsync("document.querySelectorAll('.recent .row').length === 1");
        HoldAgent.Release("held");
        await page.SeesAsync("[aria-label='Now'] dl", "1 succeeded, 0 failed, 0 timed out, 0 cancelled");
        await page.SeesAsync("[aria-label='Now'] dl", "Latency\np50 ");
        await page.SeesAsync(".recent .row", "completed");

        await page.GoAsync("#/agents/flaky");
        await page.SeesAsync("[aria-label='Now'] dl", "failed / r1 at ");
        await page.SeesAsync("[aria-label='Now'] dl", "failed on purpose");
        await page.UntilAsync($"[...document.querySelectorAll('[aria-label=Now] dl a')].some(a => a.hash === '#/runs/{failed}')");

        var id = RunId.From(Guid.CreateVersion7());
        server.Cluster.Abandoned = [new(id, "m", "1", "motion", 2, "gpu1", DateTimeOffset.UtcNow, null)];
        await page.GoAsync("#/agents/echo");
        await page.SeesAsync("[aria-label='Now']", "(+2 given up)");
        await page.SeesAsync("[aria-label='Now']", "not returned from m / 1, motion, attempt 2: told to stop at ");
        await page.SeesAsync("[aria-label='Nodes with this agent'] tr", "cpu1\t1 of 64 slots\tloaded there");
        // The others serve another queue.
        await page.UntilAsync("document.querySelectorAll('tbody tr').length === 1");
        await page.ClickAsync("button", "Drain");
        await page.SeesAsync(".run-title .tag", "drained");
        await page.ClickAsync("button", "Undrain");
        await page.UntilAsync("document.querySelector('.run-title .tag').hidden");

        await page.GoAsync("#/agents/nobody");
        await page.SeesAsync("[role=alert]", "There is no agent 'nobody' in the configuration.");
        await page.UntilAsync("document.querySelector('.actions button').hidden");
        page.HasNotComplained();
    }

    [Fact]
    public async Task Configuration_Edited_SaysWhatTheEditHasChanged()
    {
        var config = Directory.CreateTempSubdirectory("agentgrid-console-config-");
        try
        {
            var agents = Path.Combine(config.FullName, "agents.yaml");
            await File.WriteAllTextAsync(agents, "agents: { echo: { max_concurrency: 4 } }\n");
            await using var server = await ConsoleServer.StartAsync("--config", config.FullName);
            await using var page = await chromium.OpenAsync(server.Url);
            await page.GoAsync("#/agents");
            await page.SeesAsync(Echo, "0 / 4");
            Assert.True((await page.EvaluateAsync("document.querySelector('.config').hidden")).GetBoolean());

            const string Seven =
                "agents: { echo: { max_concurrency: 7, description: Says it again., input_schema: { type: object } } }\n";
            await File.WriteAllTextAsync(agents, Seven);

            await page.SeesAsync(".config li", "agent 'echo' max_concurrency 4 -> 7");
            await page.SeesAsync(".config h2", "Configuration changed at ");
            await page.SeesAsync(Echo, "0 / 7");
            await page.GoAsync("#/agents/echo");
            await page.SeesAsync(".view", "Says it again.");
            await page.SeesAsync("[aria-label='Configuration in force'] dl", "Slots\n7 on each node");
            await page.SeesAsync(".json[aria-label='Input schema']", "type: \"object\"");
            page.HasNotComplained();
        }
        finally
        {
            config.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Drain_WithAKeyThatMayOnlyRead_ShowsTheRefusal()
    {
        var key = KeyHash.NewKey();
        await using var server = await ConsoleServer.StartAsync(
            "--AgentGrid:ApiKeys:0:Name", "reader", "--AgentGrid:ApiKeys:0:Hash", KeyHash.Of(key),
            "--AgentGrid:ApiKeys:0:Scopes:0", "read");
        await using var page = await chromium.OpenAsync(server.Url);
        page.ExpectsFailedRequests = true;
        await page.GoAsync("#/agents");
        await page.FillAsync("#api-key", key);
        await page.ClickAsync("dialog button", "Use this key");

        await page.ClickAsync("button[aria-label='Drain echo']");

        await page.SeesAsync(".toast.bad", "submit");
        Assert.True((await page.EvaluateAsync($"document.querySelector(\"{Echo} .tag\").hidden")).GetBoolean());
        page.HasNotComplained();
    }
}
