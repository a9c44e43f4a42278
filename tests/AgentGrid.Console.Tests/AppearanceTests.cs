using AgentGrid.Console.Tests.Browser;

namespace AgentGrid.Console.Tests;

/// <summary>Readable in light and dark, with a keyboard, with a screen reader, on a phone.</summary>
[Collection(BrowserCollection.Name)]
public sealed class AppearanceTests(Chromium chromium)
{
    private static readonly string[] s_controls =
        ["button", "link", "textbox", "searchbox", "combobox", "spinbutton", "slider", "progressbar"];

    [Fact]
    public async Task EveryView_At360Pixels_HasNoHorizontalScroll()
    {
        await using var server = await ConsoleServer.StartClusterAsync();
        await using var page = await chromium.OpenAsync(server.Url, 360, 740);

        foreach (var view in await ViewsAsync(server))
        {
            await ShowAsync(page, view);
            var width = await page.EvaluateAsync("document.documentElement.scrollWidth");
            Assert.True(width.GetInt32() <= 360, $"{view} is {width} pixels wide.");
            await KeepAsync(page, view, "360");
        }
        page.HasNotComplained();
    }

    [Fact]
    public async Task EveryView_ForAScreenReader_HasNamesLandmarksAndOneHeading()
    {
        await using var server = await ConsoleServer.StartClusterAsync();
        await using var page = await chromium.OpenAsync(server.Url);

        foreach (var view in await ViewsAsync(server))
        {
            await ShowAsync(page, view);
            var nodes = await page.AccessibleAsync();
            var nameless = nodes.Where(n => s_controls.Contains(n.Role) && n.Name.Length == 0).Select(n => n.Role);
            Assert.True(!nameless.Any(), $"{view}: without a name: {string.Join(", ", nameless)}");
            foreach (var landmark in (string[])["banner", "navigation", "main"])
            {
                Assert.True(nodes.Count(n => n.Role == landmark) == 1, $"{view} needs one landmark '{landmark}'.");
            }
            var oddities = await page.EvaluateAsync(Oddities);
            Assert.True(oddities.GetArrayLength() == 0, $"{view}: {oddities}");
        }
        page.HasNotComplained();
    }

    [Fact]
    public async Task EveryView_InLightAndDark_HasEnoughContrast()
    {
        await using var server = await ConsoleServer.StartClusterAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        var views = await ViewsAsync(server);

        foreach (var scheme in (string[])["light", "dark"])
        {
            await page.PreferAsync(scheme);
            foreach (var view in views)
            {
                await ShowAsync(page, view);
                var weak = await page.EvaluateAsync(WeakContrast);
                Assert.True(weak.GetArrayLength() == 0, $"{view}, {scheme}: {weak}");
                await KeepAsync(page, view, scheme);
            }
        }
        page.HasNotComplained();
    }

    [Fact]
    public async Task Axe_WhereItIsGiven_FindsNothingSerious()
    {
        if (Environment.GetEnvironmentVariable("AGENTGRID_AXE") is not { Length: > 0 } axe)
        {
            Assert.Skip("needs axe.min.js of the npm package axe-core, named in AGENTGRID_AXE");
            return;
        }
        await using var server = await ConsoleServer.StartClusterAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        var script = await File.ReadAllTextAsync(axe);

        foreach (var scheme in (string[])["light", "dark"])
        {
            await page.PreferAsync(scheme);
            foreach (var view in await ViewsAsync(server))
            {
                await ShowAsync(page, view);
                await page.EvaluateAsync(script);
                var found = await page.EvaluateAsync(AxeFindings);
                Assert.True(found.GetArrayLength() == 0, $"{view}, {scheme}: {found}");
            }
        }
    }

    [Fact]
    public async Task Theme_Toggled_IsRemembered()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await page.PreferAsync("light");
        await page.GoAsync("#/agents");
        var before = await page.EvaluateAsync("getComputedStyle(document.body).backgroundColor");

        await page.ClickAsync("#theme");
        await page.ReloadAsync();

        var after = await page.EvaluateAsync("getComputedStyle(document.body).backgroundColor");
        Assert.NotEqual(before.GetString(), after.GetString());
        page.HasNotComplained();
    }

    [Fact]
    public async Task Tab_FromTheTop_ReachesTheSkipLinkFirst()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await page.GoAsync("#/agents");

        await page.PressAsync("Tab", 9);

        var reached = await page.EvaluateAsync("document.activeElement.textContent");
        Assert.Equal("Skip to the content", reached.GetString());
        page.HasNotComplained();
    }

    private static async Task<string[]> ViewsAsync(ConsoleServer server)
    {
        var good = await server.PostAsync($"match_{Guid.NewGuid():N}", """{"perception":{"agent":"echo"}}""");
        var bad = await server.PostAsync($"match_{Guid.NewGuid():N}", """
            {"work":{"agent":"flaky","input":{"fail_times":9},"retry":{"max_attempts":2,"backoff":"10ms"}},
             "rest":{"needs":["work"],"agent":"echo"}}
            """);
        return
        [
            "#/runs", $"#/runs/{good}", $"#/runs/{bad}", "#/plans", "#/plans/tactical_motion?step=motion", "#/schedules",
            "#/agents", "#/agents/echo", "#/nodes", "#/try",
        ];
    }

    private static async Task ShowAsync(Page page, string view)
    {
        await page.GoAsync(view);
        await page.SeesAsync("#connection", "live");
        await page.UntilAsync("document.querySelector("
            + "'.rows .row, .run:not([hidden]) .attempt, .agents tbody tr, .node-card, #target option, .pairs, "
            + "#schedules-title') !== null");
    }

    // Pictures for people, where somebody wants them.
    private static async Task KeepAsync(Page page, string view, string how)
    {
        if (Environment.GetEnvironmentVariable("AGENTGRID_SCREENSHOTS") is { Length: > 0 } folder)
        {
            Directory.CreateDirectory(folder);
            var name = view.Trim('#', '/').Replace('/', '-');
            await page.ScreenshotAsync(Path.Combine(folder, $"{name[..Math.Min(name.Length, 12)]}-{how}.png"));
        }
    }

    private const string Oddities = """
        (() => {
          const odd = [];
          const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
          for (const id of new Set(ids)) if (ids.filter(i => i === id).length > 1) odd.push(`id ${id} is there twice`);
          const h1 = document.querySelectorAll('h1').length;
          if (h1 !== 1) odd.push(`${h1} headings of level 1`);
          for (const e of document.querySelectorAll('[aria-labelledby], [aria-describedby]')) {
            for (const a of ['aria-labelledby', 'aria-describedby']) {
              for (const id of (e.getAttribute(a) ?? '').split(' ').filter(Boolean)) {
                if (!document.getElementById(id)) odd.push(`${a} names ${id}, which is not there`);
              }
            }
          }
          if (!document.documentElement.lang) odd.push('no language');
          return odd;
        })()
        """;

    private const string AxeFindings = """
        axe.run().then(({ passes, violations }) => passes.length < 10
          ? ['axe has looked at nothing']
          : violations.filter(v => ['serious', 'critical', 'moderate'].includes(v.impact))
            .map(v => v.id + ': ' + v.nodes.slice(0, 5).map(n => n.html + n.failureSummary).join(' | ')))
        """;

    // WCAG 2.1, 1.4.3: 4.5 to 1, and 3 to 1 for large text. A canvas reads the colours: it knows all notations.
    private const string WeakContrast = """
        (() => {
          const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
          const read = color => {
            canvas.clearRect(0, 0, 1, 1);
            canvas.fillStyle = color;
            canvas.fillRect(0, 0, 1, 1);
            const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
            return [r, g, b, a / 255];
          };
          const light = ([r, g, b]) => {
            const f = c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
            return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
          };
          const behind = e => {
            let color = [0, 0, 0, 0];
            for (; e && color[3] < 1; e = e.parentElement) {
              const under = read(getComputedStyle(e).backgroundColor);
              const share = 1 - color[3];
              const mixed = [0, 1, 2].map(i => color[i] * color[3] + under[i] * share);
              color = [...mixed, color[3] + under[3] * share];
            }
            return color;
          };
          const weak = [];
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            const e = node.parentElement;
            if (!node.data.trim() || !e.checkVisibility() || e.closest('.hidden, .skip, .tl-bar, option')) continue;
            const style = getComputedStyle(e);
            if (parseFloat(style.fontSize) === 0) continue;
            const [a, b] = [light(read(style.color)), light(behind(e))].sort((x, y) => y - x);
            const ratio = (a + 0.05) / (b + 0.05);
            if (ratio >= (parseFloat(style.fontSize) >= 24 ? 3 : 4.5)) continue;
            weak.push(`${node.data.trim().slice(0, 30)} (${e.className}): ${ratio.toFixed(2)}`);
          }
          return [...new Set(weak)];
        })()
        """;
}
