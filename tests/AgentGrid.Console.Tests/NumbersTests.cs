using System.Net.Http.Headers;
using System.Text.Json;
using AgentGrid.Console.Tests.Browser;

namespace AgentGrid.Console.Tests;

/// <summary>What users post and agents answer passes through the page as it came, to the last digit.</summary>
[Collection(BrowserCollection.Name)]
public sealed class NumbersTests(Chromium chromium)
{
    // Numbers that no double holds or that are not written as one would be, members out of order, names with escapes.
    private const string Values =
        """
        "players":[{"id":76561198000000003}],"big":1e400,"small":-0.10E-2,"fine":0.10000000000000000001,"10":1.0,"9":[2,1.50],"caf\u00e9":"\"],}\\"
        """;
    private const string Steps = """{"a":{"agent":"echo","input":{"account":76561198000000007,"limit":1e401,"x":0.10}}}""";

    private const string Copied =
        "navigator.clipboard.writeText = text => { window.copied = text; return Promise.resolve(); }";

    [Fact]
    public async Task Run_Shown_HasItsNumbersAsTheyCame()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        var id = await PostAsync(server, "shown");

        await page.GoAsync($"#/runs/{id}?step=a");
        await page.SeesAsync(".run-head .state", "completed");
        await page.ClickAsync("summary", "As JSON");
        await page.EvaluateAsync(
            "(async () => { for (let i = 0; i < 6; i++) { document.querySelectorAll('.json details').forEach("
            + "d => d.open = true); await new Promise(r => setTimeout(r, 50)); } })()");

        foreach (var (label, texts) in new (string, string[])[]
        {
            ("Posted", ["id: 76561198000000003", "big: 1e400", "small: -0.10E-2", "fine: 0.10000000000000000001", "10: 1.0", "9: [2, 1.50]"]),
            ("Result", ["id: 76561198000000003", "big: 1e400", "account: 76561198000000007", "limit: 1e401"]),
            ("Output", ["id: 76561198000000003", "big: 1e400", "account: 76561198000000007", "limit: 1e401"]),
            ("Input", ["id: 76561198000000003", "big: 1e400", "café: \"\\\"],}\\\\\""]),
            ("Plan", ["account: 76561198000000007", "limit: 1e401", "x: 0.10"]),
        })
        {
            foreach (var text in texts)
            {
                await page.SeesAsync($".json[aria-label={label}]", text);
            }
        }
        page.HasNotComplained();
    }

    [Fact]
    public async Task Run_CopiedAndPostedAgain_IsTheSameByteForByte()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        var id = await PostAsync(server, "again");
        var first = await server.RunAsync(id);
        var input = first.GetProperty("input").GetRawText();
        await page.GoAsync($"#/runs/{id}");
        await page.SeesAsync(".run-head .state", "completed");
        await page.EvaluateAsync(Copied);

        await page.ClickAsync("button", "Copy as curl");
        await page.UntilAsync("window.copied !== undefined");
        var curl = (await page.EvaluateAsync("window.copied")).GetString()!;
        var body = curl.Split("-d '")[1].Split("'\n")[0];
        await page.ClickAsync(".json[aria-label=Posted] button", "Copy");
        await page.UntilAsync("window.copied.startsWith('{')");
        var copy = (await page.EvaluateAsync("window.copied")).GetString()!;
        // Where the button is on top again, and no message lies over it.
        await page.GoAsync($"#/runs/{id}");
        await page.SeesAsync(".run-head .state", "completed");
        await page.ClickAsync("button", "Post again");
        await page.UntilAsync("document.getElementById('inline')?.value.includes('1e401')");
        var round = (await page.EvaluateAsync("document.getElementById('round').value")).GetString()!;
        await page.ClickAsync("button", "Start the run");
        await page.SeesAsync(".run-head .state", "completed");

        Assert.StartsWith($"{input[..^1]},\"plan\":{{\"name\":\"own\",", body);
        Assert.Contains("""{"account":76561198000000007,"limit":1e401,"x":0.10}""", body);
        Assert.Contains("\"id\": 76561198000000003", copy);
        Assert.Contains("\"big\": 1e400", copy);
        var second = await server.RunAsync(await LastRunAsync(page));
        Assert.Equal(
            input.Replace("\"round\":\"r1\"", $"\"round\":\"{round}\""), second.GetProperty("input").GetRawText());
        Assert.Equal(
            first.GetProperty("plan_definition").GetRawText(), second.GetProperty("plan_definition").GetRawText());
        page.HasNotComplained();
    }

    [Fact]
    public async Task Form_NumbersThatAreWritten_ArePostedAsTheyAre()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await page.GoAsync("#/try");
        await page.EvaluateAsync(Copied);
        await page.FillAsync("#match_id", "form");
        await page.ChooseAsync("#plan", "{ inline }");
        await page.FillAsync(
            "#inline", "name: own\nsteps:\n  a: { agent: echo, input: { account: 76561198000000007, limit: 1e401 } }\n");
        await page.FillAsync("#body", $"{{ {Values.Trim()} }}");

        await page.ClickAsync("button", "Copy as curl");
        await page.UntilAsync("window.copied !== undefined");
        var curl = (await page.EvaluateAsync("window.copied")).GetString()!;
        await page.ClickAsync("button", "Start the run");
        await page.SeesAsync(".run-head .state", "completed");

        Assert.Contains($"-d '{{\"match_id\":\"form\",\"round\":\"round_4\",{Values.Trim()},\"plan\":{{", curl);
        var run = await server.RunAsync(await LastRunAsync(page));
        Assert.Equal(
            $"{{\"match_id\":\"form\",\"round\":\"round_4\",{Values.Trim()}}}", run.GetProperty("input").GetRawText());
        Assert.Contains("""{"account":76561198000000007,"limit":1e401}""", run.GetProperty("plan_definition").GetRawText());
        page.HasNotComplained();
    }

    [Fact]
    public async Task Form_MemberThatIsThereTwice_IsRefusedRatherThanDropped()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        page.ExpectsFailedRequests = true;
        await page.GoAsync("#/try");

        await page.FillAsync("#body", """{ "a": 1, "a": 2 }""");
        await page.ClickAsync("button", "Start the run");

        await page.SeesAsync("#body-problem", "'a' is there twice");
        page.HasNotComplained();
    }

    // Against JSON.parse and JSON.stringify, where those lose nothing.
    [Fact]
    public async Task Json_ThousandsOfValues_AreReadAndWrittenAsTheBrowserDoes()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await page.GoAsync("#/try");

        var checkedValues = await page.EvaluateAsync("""
            (async () => {
              const { Json } = await import('./console/lib/json.js');
              let seed = 1;
              const next = n => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % n;
              const text = () => String.fromCharCode(34, 92, 1 + next(300), 44, 125, 0x2028 + next(2));
              const value = depth => {
                const kind = next(depth > 4 ? 4 : 6);
                if (kind === 0) return next(1000000) / 7;
                if (kind === 1) return text();
                if (kind === 2) return null;
                if (kind === 3) return next(2) === 0;
                const parts = Array.from({ length: next(5) }, () => value(depth + 1));
                return kind === 4 ? parts : Object.fromEntries(parts.map(part => [`k${text()}${next(9)}`, part]));
              };
              const built = json =>
                json.type === 'object' ? Object.fromEntries(json.entries().map(([name, part]) => [name, built(part)]))
                : json.type === 'array' ? json.entries().map(([, part]) => built(part))
                : json.value();
              for (let i = 0; i < 5000; i++) {
                const plain = JSON.stringify(value(0));
                const spaced = JSON.stringify(JSON.parse(plain), null, next(4));
                const json = new Json(spaced);
                if (json.compact().text !== plain) return `compact of ${spaced}`;
                if (json.pretty() !== JSON.stringify(JSON.parse(plain), null, 2)) return `pretty of ${spaced}`;
                if (JSON.stringify(built(json)) !== plain) return `entries of ${spaced}`;
              }
              return 'all';
            })()
            """);

        Assert.Equal("all", checkedValues.GetString());
        page.HasNotComplained();
    }

    private static async Task<string> PostAsync(ConsoleServer server, string match)
    {
        using var content = new StringContent(
            $$"""{"match_id":"{{match}}","round":"r1",{{Values.Trim()}},"plan":{"name":"own","steps":{{Steps}} } }""",
            new MediaTypeHeaderValue("application/json"));
        using var response = await server.Http.PostAsync("api/v1/orchestrate?wait=30s", content);
        var run = JsonElement.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal("completed", run.GetProperty("status").GetString());
        return run.GetProperty("run_id").GetString()!;
    }

    private static async Task<string> LastRunAsync(Page page) =>
        (await page.EvaluateAsync("location.hash.split('/')[2].split('?')[0]")).GetString()!;
}
