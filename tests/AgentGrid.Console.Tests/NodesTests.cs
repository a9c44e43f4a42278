using AgentGrid.Console.Tests.Browser;
using AgentGrid.Core;

namespace AgentGrid.Console.Tests;

/// <summary>The nodes, and why an attempt is on the one that it is on.</summary>
[Collection(BrowserCollection.Name)]
public sealed class NodesTests(Chromium chromium)
{
    private const string Gpu1 = ".node-card[aria-label='Node gpu1']";
    private const string Gpu2 = ".node-card[aria-label='Node gpu2']";
    private const string Cpu1 = ".node-card[aria-label='Node cpu1']";

    [Fact]
    public async Task Nodes_OfACluster_HaveSlotsGpusAndAgents()
    {
        await using var server = await ConsoleServer.StartClusterAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await page.GoAsync("#/runs");

        await page.ClickAsync("nav a", "Nodes");

        await page.SeesAsync(Gpu1, "4 attempts: motion_generator 4");
        await page.SeesAsync($"{Gpu1} dl", "just now");
        await page.SeesAsync($"{Gpu1} .bar", "Queue gpu\n4 of 8 in use");
        await page.SeesAsync($"{Gpu1} .bar", "GPU 0 · NVIDIA L4\n13.0 GB free of 24.0 GB");
        await page.SeesAsync($"{Gpu1} .bar", "8.0 GB leased by attempts\n10.0 GB used here\n1.0 GB used by others");
        await page.SeesAsync($"{Gpu1} .bar", "GPU 1 · NVIDIA L4\n16.0 GB free of 24.0 GB");
        await page.SeesAsync($"{Gpu2} .tag", "draining");
        await page.SeesAsync($"{Gpu2} .bar", "0 B free of 24.0 GB");
        await page.SeesAsync(Gpu2, "motion_backup, motion_generator");
        await page.SeesAsync(Cpu1, "No queue has a limit here");
        await page.SeesAsync(Cpu1, "None: agents that need GPU memory are not placed here.");
        await page.UntilAsync($"Math.abs({Share(Gpu1, 0)} - 4 / 8) < 0.02");
        await page.UntilAsync($"Math.abs({Share(Gpu1, 1)} - 8 / 24) < 0.02");
        await page.UntilAsync($"Math.abs({Share(Gpu1, 2)} - 2 / 24) < 0.02");
        await page.UntilAsync($"Math.abs({Share(Gpu1, 3)} - 1 / 24) < 0.02");
        page.HasNotComplained();
    }

    [Fact]
    public async Task Nodes_ThatChangeComeAndGo_AreFollowed()
    {
        await using var server = await ConsoleServer.StartClusterAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await page.GoAsync("#/nodes");
        await page.SeesAsync(Gpu2, "draining");
        await page.EvaluateAsync($"document.querySelector(\"{Gpu1}\").kept = true");

        server.Cluster.Nodes = () => [.. ClusterOnPaper.Example(DateTimeOffset.UtcNow).Where(n => n.Name != "gpu2")
            .Select(n => n.Name == "gpu1"
                ? n with { Running = 5, Slots = [new("gpu", 5, 8)], Agents = [new("motion_generator", 5)] }
                : n with { Name = "cpu2", Silent = true, SeenAt = DateTimeOffset.UtcNow.AddSeconds(-3) })];

        await page.SeesAsync($"{Gpu1} .bar", "5 of 8");
        await page.SeesAsync(".node-card[aria-label='Node cpu2'] .tag", "silent");
        await page.SeesAsync(".node-card[aria-label='Node cpu2']", " s ago");
        await page.UntilAsync("document.querySelectorAll('.node-card').length === 2");
        await page.UntilAsync($"document.querySelector(\"{Gpu1}\").kept");
        server.Cluster.Nodes = () => [];
        await page.SeesAsync("main", "attempts wait until one joins");
        page.HasNotComplained();
    }

    [Fact]
    public async Task Nodes_OfTheEmbeddedEngine_AreItsProcess()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await page.GoAsync("#/nodes");
        await page.SeesAsync(".node-card dl", "nothing");

        await server.PostAsync("busy", """{"a":{"agent":"delay","input":{"ms":60000},"timeout":"90s"}}""");

        await page.SeesAsync(".node-card dl", "1 attempt: delay 1");
        await page.SeesAsync(".node-card dl", "all");
        await page.SeesAsync("main", "Everything runs in this one process.");
        await page.SeesAsync(".node-card", "GPU memory is not accounted for here");
        await page.UntilAsync("document.querySelectorAll('.node-card').length === 1");
        page.HasNotComplained();
    }

    [Fact]
    public async Task Attempt_PlacedOnANode_SaysWhyAndLeadsThere()
    {
        await using var server = await ConsoleServer.StartClusterAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        var id = await server.PostAsync("placed", """{"a":{"agent":"echo"}}""");

        await page.GoAsync($"#/runs/{id}?step=a");

        await page.SeesAsync(".attempt", "on gpu1, GPU 1");
        await page.SeesAsync(".why", "Why here: the only candidate");
        await page.SeesAsync(".why", "Why this node: the agent is loaded there; next is 'gpu2'");
        await page.UntilAsync("[...document.querySelectorAll('.why tr')].map(r => r.innerText.replace(/\\s+/g, ' ').trim())"
            + ".includes('gpu2 7 free slots, load 0.125, 20480 MiB of GPU memory free')");
        await page.SeesAsync(".why tr.chosen", "gpu1");
        await page.SeesAsync(".why tr", "does not serve queue 'gpu'");
        await page.ClickAsync(".attempt a", "gpu1");
        await page.SeesAsync(".node-card[data-named] h2", "gpu1");

        server.Cluster.Nodes = () => [];
        await page.SeesAsync("main", "The node gpu1 is gone.");
        page.HasNotComplained();
    }

    // The width of a part of a card's bars, against its bar's.
    private static string Share(string card, int part) =>
        $"(f => f.getBoundingClientRect().width / f.parentElement.clientWidth)"
        + $"(document.querySelectorAll(\"{card} .meter-fill\")[{part}])";
}
