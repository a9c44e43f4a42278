using System.Text.Json;
using AgentGrid.Api.Security;
using AgentGrid.Console.Tests.Browser;

namespace AgentGrid.Console.Tests;

/// <summary>Event streams and the API in a real browser, as pages of its users have them: not the console's.</summary>
[Collection(BrowserCollection.Name)]
public sealed class EventSourceTests(Chromium chromium)
{
    [Fact]
    public async Task EventSource_OfARun_GetsEveryEventAndIsDoneAtItsEnd()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await page.GoAsync("#/runs");
        var run = await server.PostAsync("browser", """{"a":{"agent":"hold"}}""");
        await page.EvaluateAsync($$"""
            window.seen = [];
            window.source = new EventSource('/api/v1/runs/{{run}}/events');
            source.onmessage = e => seen.push([Number(e.lastEventId), JSON.parse(e.data).stage]);
            """);
        await page.UntilAsync("seen.some(e => e[1] === 'hold:progress')");

        HoldAgent.Release("browser");

        // It connects again after the end, is told that there is nothing more, and stops.
        await page.UntilAsync("source.readyState === EventSource.CLOSED");
        var seen = (await page.EvaluateAsync("seen")).EnumerateArray().ToArray();
        Assert.Equal(Enumerable.Range(1, seen.Length), seen.Select(e => e[0].GetInt32()));
        Assert.Equal("orchestration:accepted", seen[0][1].GetString());
        Assert.Equal("completed", seen[^1][1].GetString());
    }

    [Fact]
    public async Task EventSource_FilterLetsNothingThrough_IsDoneAtTheEndToo()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await page.GoAsync("#/runs");
        var run = await server.PostAsync("nothing", """{"a":{"agent":"echo"}}""");
        using (await server.Http.GetAsync($"api/v1/runs/{run}/events", HttpCompletionOption.ResponseContentRead))
        {
        }

        await page.EvaluateAsync(
            $"window.source = new EventSource('/api/v1/runs/{run}/events?stage=motion:*'); true");

        await page.UntilAsync("source.readyState === EventSource.CLOSED");
    }

    [Fact]
    public async Task Page_OfATrustedHost_UsesTheApiWithAKeyAndFeedsWithATicket()
    {
        var key = KeyHash.NewKey();
        await using var pages = await ConsoleServer.StartAsync();
        await using var server = await ConsoleServer.StartAsync(
            "--api-key-hash", KeyHash.Of(key), "--AgentGrid:TrustedHosts:0", pages.Url.Authority);
        await using var page = await chromium.OpenAsync(pages.Url);
        page.ExpectsFailedRequests = true;
        // The console's own pages may not connect elsewhere; this one has no such policy.
        await page.EvaluateAsync($"location.href = '{pages.Url}health/live'; true");
        await page.UntilAsync("location.pathname === '/health/live' && document.readyState === 'complete'");

        var seen = await page.EvaluateAsync($$"""
            (async () => {
              const headers = { 'X-Api-Key': '{{key}}' };
              const body = JSON.stringify({ match_id: 'm', round: 1, plan: { steps: { a: { agent: 'echo' } } } });
              const posted = await fetch('{{server.Url}}api/v1/orchestrate?wait=10s', {
                method: 'POST', headers: { ...headers, 'Content-Type': 'application/json' }, body });
              const { run_id } = await posted.json();
              const { ticket } = await (await fetch('{{server.Url}}api/v1/tickets', { method: 'POST', headers })).json();
              const last = query => new Promise(resolve => {
                const stages = [];
                const source = new EventSource(`{{server.Url}}api/v1/runs/${run_id}/events${query}`);
                source.onmessage = e => stages.push(JSON.parse(e.data).stage);
                source.onerror = () => { source.close(); resolve(stages.at(-1) ?? 'refused'); };
              });
              const first = query => new Promise(resolve => {
                const socket = new WebSocket(`ws://{{server.Url.Authority}}/ws/agents?after=0${query}`);
                socket.onmessage = e => { socket.close(); resolve(JSON.parse(e.data).stage); };
                socket.onerror = () => resolve('refused');
              });
              const refusal = await fetch('{{server.Url}}api/v1/runs?limit=0', { headers });
              return [
                await last(`?ticket=${ticket}`), await last(''), await first(`&ticket=${ticket}`), await first(''),
                (await refusal.json()).code];
            })()
            """);

        Assert.Equal(
            ["completed", "refused", "orchestration:accepted", "refused", "AG2008"],
            seen.EnumerateArray().Select(s => s.GetString()));
    }

    [Fact]
    public async Task Page_OfAnotherHost_CanNeitherPostNorRead()
    {
        await using var pages = await ConsoleServer.StartAsync();
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(pages.Url);
        page.ExpectsFailedRequests = true;
        await page.EvaluateAsync($"location.href = '{pages.Url}health/live'; true");
        await page.UntilAsync("location.pathname === '/health/live' && document.readyState === 'complete'");

        var seen = await page.EvaluateAsync($$"""
            (async () => {
              const refused = (path, options) => fetch('{{server.Url}}' + path, options).then(() => 'read', e => e.name);
              const headers = { 'Content-Type': 'application/json' };
              return [
                await refused('api/v1/runs'),
                await refused('api/v1/orchestrate', { method: 'POST', headers, body: '{"match_id":"m","round":"r"}' })];
            })()
            """);

        Assert.Equal(["TypeError", "TypeError"], seen.EnumerateArray().Select(s => s.GetString()));
        var runs = await server.Http.GetStringAsync("api/v1/runs");
        Assert.Equal(0, JsonElement.Parse(runs).GetProperty("runs").GetArrayLength());
    }
}
