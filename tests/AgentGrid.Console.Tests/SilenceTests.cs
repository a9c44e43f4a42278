using AgentGrid.Console.Tests.Browser;

namespace AgentGrid.Console.Tests;

/// <summary>A network that loses everything and says nothing of it.</summary>
[Collection(BrowserCollection.Name)]
public sealed class SilenceTests(Chromium chromium)
{
    // Half a minute is too long for a test.
    private const string Impatient =
        "window.wait = window.setTimeout; window.setTimeout = (f, ms, ...more) => "
        + "window.wait(f, ms === 30000 ? 2000 : ms, ...more)";

    [Fact]
    public async Task Run_NetworkFallsSilent_SaysSoAndCatchesUp()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var wire = new Wire(server.Url.ToString());
        await using var page = await chromium.OpenAsync(new Uri(wire.Url));
        page.ExpectsFailedRequests = true;
        var id = await server.PostAsync("silent", """{"a":{"agent":"hold"},"b":{"needs":["a"],"agent":"echo"}}""");
        await page.GoAsync($"#/runs/{id}");
        await page.SeesAsync("#connection", "live");
        await page.UntilAsync("document.querySelector('.node')?.dataset.state === 'running'");
        await page.EvaluateAsync(Impatient);

        wire.FallSilent();
        await page.SeesAsync("#banner", "Disconnected");
        HoldAgent.Release("silent");
        wire.Heal();

        await page.SeesAsync("#connection", "live");
        await page.UntilAsync("document.getElementById('banner').hidden");
        await page.SeesAsync(".run-head .state", "completed");
        await page.UntilAsync("[...document.querySelectorAll('.event')].some(e => e.innerText.includes('b:done'))");
        var seqs = await page.EvaluateAsync(
            "[...document.querySelectorAll('.event')].filter(e => e.checkVisibility())"
            + ".map(e => Number(e.firstChild.textContent))");
        var numbers = seqs.EnumerateArray().Select(s => s.GetInt32()).ToArray();
        Assert.Equal(Enumerable.Range(1, numbers.Length), numbers);
        page.HasNotComplained();
    }
}
