using AgentGrid.Cli.Tests.Hosting;

namespace AgentGrid.Cli.Tests;

/// <summary>Runs that wait for people and for signals, from a terminal.</summary>
public sealed class WaitingRunsTests(GridHost host) : IClassFixture<GridHost>, IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Approve_WhatIsListed_LetsTheRunGoOn()
    {
        await StartAsync("clip", """
            steps:
              review:
                approve: { title: "Publish?", form: { properties: { stars: { type: integer, maximum: 5 } }, required: [stars] } }
            """);

        var listed = await host.Tool().RunAsync("approvals", "--json");
        var shown = await host.Tool().RunAsync("show", "clip/1");
        var runs = await host.Tool().RunAsync("runs", "--status", "waiting_for_approval");
        var bad = await host.Tool().RunAsync("approve", "clip/1", "review", "--values", """{"stars": 6}""");
        var table = await host.Tool().RunAsync("approvals");
        var done = await host.Tool().RunAsync("approve", "clip/1", "review", "--comment", "fine", "--values", """{"stars": 4}""");
        var output = await host.Tool().RunAsync("show", "clip/1", "--step", "review", "--output", "--json");

        Assert.Equal("Publish?", listed.Json.GetProperty("approvals")[0].GetProperty("title").GetString());
        Assert.Contains("waits     step 'review': for a decision, until", shown.Out);
        Assert.Contains("waiting_for_approval", runs.Out);
        Assert.Equal(ExitCode.Refused, bad.Exit);
        Assert.Contains("values.stars: expected at most 5, got 6", bad.Error);
        Assert.Contains("anybody", table.Out);
        Assert.Equal((ExitCode.Ok, 1), (done.Exit, done.Lines.Count));
        Assert.EndsWith("  completed", done.Lines[0]);
        Assert.Equal("fine", output.Json.GetProperty("comment").GetString());
    }

    [Fact]
    public async Task Approve_Reject_FailsTheRun()
    {
        await StartAsync("dark", "steps: { review: { approve: { title: Publish? } } }");

        var done = await host.Tool().RunAsync("approve", "dark/1", "review", "--reject", "--comment", "too dark");

        Assert.EndsWith("  failed", done.Lines[0]);
        Assert.Contains("error     rejected", (await host.Tool().RunAsync("show", "dark/1")).Out);
    }

    [Fact]
    public async Task Signal_WithAKey_IsTakenOnce()
    {
        await StartAsync("paid", "steps: { pay: { wait: { signal: payment } } }");

        var first = await host.Tool().RunAsync("signal", "paid/1", "payment", "--data", """{"amount": 3}""", "--key", "k");
        var again = await host.Tool().RunAsync("signal", "paid/1", "payment", "--data", """{"amount": 3}""", "--key", "k");
        var unknown = await host.Tool().RunAsync("signal", "paid/1", "paymant");
        var broken = await host.Tool().RunAsync("signal", "paid/1", "payment", "--data", "{");

        Assert.EndsWith("  completed", first.Lines[0]);
        Assert.EndsWith("(already received)", again.Lines[0]);
        Assert.Equal(ExitCode.Refused, unknown.Exit);
        Assert.Contains("did you mean 'payment'?", unknown.Error);
        Assert.Equal(ExitCode.Usage, broken.Exit);
    }

    [Fact]
    public async Task Show_RunWithWebhooks_SaysWhatTheyWereToldAndWhyNot()
    {
        await StartAsync("told", """
            webhooks: [{ url: "http://127.0.0.1:1/a", on: waiting }, { url: "http://127.0.0.1:1/b" }]
            steps: { pay: { wait: { signal: payment } } }
            """);

        await Limits.EventuallyAsync(
            async () => (await host.Tool().RunAsync("show", "told/1")).Out.Contains("It cannot be reached", StringComparison.Ordinal),
            async () => (await host.Tool().RunAsync("show", "told/1")).Out);
        var shown = await host.Tool().RunAsync("show", "told/1");

        Assert.Contains(shown.Lines, static l => l.Contains("/a", StringComparison.Ordinal)
            && l.Contains("waiting (pay)", StringComparison.Ordinal) && l.Contains("pending", StringComparison.Ordinal));
        Assert.Contains(shown.Lines, static l => l.Contains("/b", StringComparison.Ordinal)
            && l.Contains("completed, failed, cancelled", StringComparison.Ordinal));
    }

    private async Task StartAsync(string match, string plan)
    {
        var posted = await new Tool(host.Url) { Input = "{}" }.RunAsync(
            "run", "-", "--match", match, "--round", "1", "--plan", _scratch.Write($"{match}.yaml", plan));
        Assert.Equal(ExitCode.Ok, posted.Exit);
        // Posted is accepted; it waits when its turn has come.
        await Limits.EventuallyAsync(
            async () => (await host.Tool().RunAsync("runs", "--match", match, "--status", "waiting")).Out.Contains(match, StringComparison.Ordinal),
            async () => (await host.Tool().RunAsync("runs", "--match", match)).Out);
    }
}
