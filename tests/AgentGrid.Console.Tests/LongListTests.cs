using System.Diagnostics;
using System.Globalization;
using AgentGrid.Console.Tests.Browser;

namespace AgentGrid.Console.Tests;

/// <summary>
/// The list of runs when there are many, all of them played by the engine. More: <c>AGENTGRID_CONSOLE_RUNS=100000</c>.
/// </summary>
[Collection(BrowserCollection.Name)]
public sealed class LongListTests(Chromium chromium)
{
    private const string AtTheTop = """
        (() => {
          const box = document.querySelector('.rows').getBoundingClientRect();
          return document.elementFromPoint(box.x + 200, box.y + 18).closest('.row').innerText.split('\n')[2];
        })()
        """;

    private static readonly int s_runs = int.Parse(
        Environment.GetEnvironmentVariable("AGENTGRID_CONSOLE_RUNS") ?? "8000", CultureInfo.InvariantCulture);

    private readonly Stopwatch _clock = Stopwatch.StartNew();

    [Fact]
    public async Task List_ManyRuns_IsReadFilteredLeftAndComeBackToWhileRunsCome()
    {
        await using var server = await ConsoleServer.StartAsync("--AgentGrid:Synchronous", "Normal");
        await server.FillAsync(s_runs);
        Say($"{s_runs} runs played");
        await using var page = await chromium.OpenAsync(server.Url);
        await page.GoAsync("#/runs");
        await page.SeesAsync(".rows .row", "many_");
        Say("first rows");

        await ScrollToTheEndAsync(page, s_runs);
        await page.SeesAsync(".rows .row", "many_0 /");
        Say("scrolled to the first run");
        await FramesAreShortAsync(page);
        await MemoryIsSmallAsync(page);
        await ComesBackToItsPlaceAsync(page);
        await RunsThatComeAreAllThereAsync(server, page);
        await ManyAreCountedBeforeAnythingIsDoneAsync(page);
        page.HasNotComplained();
    }

    // The bottom moves away as pages are read, until there are no more.
    private static Task ScrollToTheEndAsync(Page page, int runs) => page.UntilAsync(string.Create(
        CultureInfo.InvariantCulture,
        $$"""
        (() => {
          const rows = document.querySelector('.rows');
          rows.scrollTop = rows.scrollHeight;
          return document.getElementById('summary').textContent === '{{runs:N0}} runs';
        })()
        """));

    private async Task FramesAreShortAsync(Page page)
    {
        var measured = await page.EvaluateAsync("""
            (async () => {
              const rows = document.querySelector('.rows');
              const frames = [];
              for (let i = 0; i < 60; i++) {
                rows.scrollTop = (i * 7919 * 36) % rows.scrollHeight;
                const begun = performance.now();
                await new Promise(requestAnimationFrame);
                frames.push(performance.now() - begun);
              }
              return frames.sort((a, b) => a - b);
            })()
            """);
        var frames = measured.EnumerateArray().Select(f => f.GetDouble()).ToArray();
        Say($"frames of {frames[30]:0} ms, the slowest of {frames[^1]:0} ms");
        // On a machine that does other things besides, and now and then nothing here.
        Assert.InRange(frames[30], 0, 400);
        Assert.InRange((await page.EvaluateAsync("document.querySelectorAll('.rows .row').length")).GetInt32(), 10, 80);
    }

    private async Task MemoryIsSmallAsync(Page page)
    {
        var heap = await page.HeapBytesAsync();
        Say($"heap {heap / 1e6:0.0} MB");
        Assert.InRange(heap, 0, 5e6 + (s_runs * 600));
    }

    private async Task ComesBackToItsPlaceAsync(Page page)
    {
        await page.GoAsync("#/runs?plan=quarter");
        await ScrollToTheEndAsync(page, s_runs / 4);
        Say("filtered by the plan");
        await page.EvaluateAsync($"document.querySelector('.rows').scrollTop = {36 * (s_runs / 6)} + 13");
        await page.UntilAsync($"document.querySelector('.rows .row[aria-rowindex=\"{(s_runs / 6) + 3}\"]') !== null");
        var read = await page.EvaluateAsync(AtTheTop);
        await page.ClickAsync($".rows .row[aria-rowindex='{(s_runs / 6) + 3}'] a");
        await page.SeesAsync("h1", "many_");

        var begun = _clock.Elapsed;
        await page.EvaluateAsync("history.back()");
        await page.UntilAsync("document.querySelector('.rows')?.scrollTop > 0");
        Say($"back after {(_clock.Elapsed - begun).TotalMilliseconds:0} ms");
        Assert.Equal("#/runs?plan=quarter", (await page.EvaluateAsync("location.hash")).GetString());
        await page.SaysAsync(AtTheTop, read.GetString()!);
        await page.SaysAsync("document.activeElement.closest('.row').ariaRowIndex", $"{(s_runs / 6) + 3}");
    }

    private async Task RunsThatComeAreAllThereAsync(ConsoleServer server, Page page)
    {
        await page.GoAsync("#/runs?status=completed");
        await page.SeesAsync("#connection", "live");
        await page.SeesAsync("#summary", "500 runs");
        await page.EvaluateAsync("document.querySelector('.rows').scrollTop = 3600");
        await page.UntilAsync("document.querySelector('.rows .row[aria-rowindex=\"101\"]') !== null");
        var read = await page.EvaluateAsync(AtTheTop);

        await server.FillAsync(3000, "late"); // within a second or so, many times more than a page at once

        // One in twenty fails; the others stand above what is being read, every one of them.
        await page.UntilAsync($"document.querySelector('.rows .row[aria-rowindex=\"{101 + 2850}\"]') !== null");
        Say("3,000 more are there");
        await page.SaysAsync(AtTheTop, read.GetString()!);
    }

    private async Task ManyAreCountedBeforeAnythingIsDoneAsync(Page page)
    {
        await page.GoAsync("#/runs?status=failed");
        await page.SeesAsync(".rows .row", "late_");
        await page.ClickAsync("button", "Retry matching");
        var failed = string.Create(CultureInfo.InvariantCulture, $"Retry {(s_runs + 3000) / 20:N0} runs?");
        await page.SeesAsync("dialog h2", failed);
        Say(failed);
        await page.ClickAsync("dialog button", "Not now");
    }

    private void Say(string what) => TestContext.Current.TestOutputHelper!.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"{_clock.Elapsed.TotalSeconds,6:0.00} s  {what}"));
}
