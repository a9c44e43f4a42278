using System.Diagnostics;
using AgentGrid.Cli.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Cli.Tests;

/// <summary>Networks that lose everything and say nothing of it.</summary>
public sealed class SilenceTests(GridHost host) : IClassFixture<GridHost>, IDisposable
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(50);
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("runs")]
    [InlineData("runs", "--watch")]
    [InlineData("show", "a/b")]
    [InlineData("watch")]
    [InlineData("watch", "--after", "0")]
    [InlineData("watch", "a/b")]
    [InlineData("cancel", "a/b")]
    [InlineData("cancel", "--all")]
    [InlineData("retry", "a/b", "--wait")]
    [InlineData("run", "-", "--match", "m", "--round", "1", "--wait")]
    [InlineData("agents")]
    [InlineData("nodes")]
    [InlineData("health")]
    [InlineData("drain", "echo")]
    [InlineData("undrain", "echo")]
    [InlineData("plans")]
    [InlineData("route", "perception")]
    [InlineData("bench", "--time", "10ms")]
    public async Task Command_ServerThatSaysNothing_EndsWhenItsPatienceDoes(params string[] args)
    {
        await using var nobody = new Wire(null);
        var clock = Stopwatch.StartNew();

        var result = await new Tool(nobody.Url) { Input = "{}" }.RunAsync([.. args, "--patience", "200ms"]);

        Assert.Equal(ExitCode.Unreachable, result.Exit);
        Assert.Contains("does not answer: nothing arrived within 0.200s", result.Error);
        Assert.True(clock.Elapsed < s_soon, $"{clock.Elapsed}");
    }

    [Fact]
    public async Task Wait_NetworkFallsSilent_SaysSoAndEndsInTime()
    {
        await using var wire = new Wire(host.Url);
        var clock = Stopwatch.StartNew();
        var tool = Hold(wire, "silent").Start(
            [.. HoldArgs("silent"), "--wait", "--timeout", "8s", "--patience", "2s"]);
        await tool.PrintedAsync("half way");

        wire.FallSilent();
        var result = await tool.Ended;
        HoldAgent.Release("silent");

        Assert.Equal(ExitCode.StillRunning, result.Exit);
        Assert.Contains("is lost; trying again: nothing arrived within 2.000s", result.Error);
        Assert.Contains("Not ended after 8.000s; the run continues", result.Error);
        Assert.InRange(clock.Elapsed, TimeSpan.FromSeconds(7), s_soon);
    }

    [Fact]
    public async Task Wait_NetworkHeals_GoesOnToTheEndAndRepeatsNothing()
    {
        await using var wire = new Wire(host.Url);
        var tool = Hold(wire, "healed").Start([.. HoldArgs("healed"), "--wait", "--patience", "4s"]);
        await tool.PrintedAsync("half way");

        wire.FallSilent();
        await tool.WarnedAsync("is lost; trying again");
        HoldAgent.Release("healed");
        wire.Heal();
        var result = await tool.Ended;
        var whole = await host.Tool().RunAsync("watch", "healed/1");

        Assert.Equal(ExitCode.Ok, result.Exit);
        Assert.Contains("Connected again.", result.Error);
        Assert.Equal(whole.Lines, result.Lines.Take(whole.Lines.Count));
    }

    [Fact]
    public async Task Watch_NetworkFallsSilent_ConnectsAgainByItself()
    {
        await using var wire = new Wire(host.Url);
        var tool = new Tool(wire.Url).Start("watch", "--after", "0", "--match", "away", "--patience", "4s");
        await Hold(host.Url, "away").RunAsync(HoldArgs("away"));
        await tool.PrintedAsync("half way");

        wire.FallSilent();
        await tool.WarnedAsync("is lost; trying again");
        HoldAgent.Release("away");
        wire.Heal();
        await tool.PrintedAsync("away/1  completed");

        var result = await tool.InterruptAsync();
        Assert.Single(result.Lines, l => l.Contains("orchestration:accepted"));
    }

    [Fact]
    public async Task RunsWatch_NetworkFallsSilent_LooksAgainWhenItHeals()
    {
        await using var wire = new Wire(host.Url);
        var tool = new Tool(wire.Url).Start(
            "runs", "--watch", "--interval", "20ms", "--match", "looked", "--patience", "3s");
        await Hold(host.Url, "looked").RunAsync(HoldArgs("looked"));
        await tool.PrintedAsync("running");

        wire.FallSilent();
        await tool.WarnedAsync("is lost; trying again");
        HoldAgent.Release("looked");
        wire.Heal();
        await tool.PrintedAsync("completed");

        Assert.Equal(ExitCode.Interrupted, (await tool.InterruptAsync()).Exit);
    }

    [Fact]
    public async Task Run_SilentWhenItIsPosted_EndsWithTheTimeout()
    {
        await using var nobody = new Wire(null);

        var result = await Hold(nobody, "unheard").RunAsync([.. HoldArgs("unheard"), "--wait", "--timeout", "300ms"]);

        Assert.Equal(ExitCode.Unreachable, result.Exit);
        Assert.Contains("nothing arrived within 0.300s", result.Error);
    }

    [Fact]
    public async Task Answer_ThatComesSlowly_IsNotCutOff()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var slow = builder.Build();
        slow.MapGet("/api/v1/agents", async (HttpContext context) =>
        {
            context.Response.ContentType = "application/json";
            foreach (var part in (string[])["{", "\"agents\"", ":", "[", "]", "}"])
            {
                await context.Response.WriteAsync(part);
                await context.Response.Body.FlushAsync();
                await Task.Delay(500);
            }
        });
        await slow.StartAsync();

        var result = await new Tool(slow.Urls.First()).RunAsync("agents", "--json", "--patience", "2s");

        Assert.Equal((ExitCode.Ok, "{\"agents\":[]}\n"), (result.Exit, result.Out));
    }

    private static Tool Hold(Wire wire, string match) => Hold(wire.Url, match);

    private static Tool Hold(string url, string match) =>
        new(url) { Input = $$"""{"match_id":"{{match}}","round":"1"}""" };

    private string[] HoldArgs(string match) =>
        ["run", "-", "--plan", _scratch.Write($"{match}.yaml", "steps: { only: { agent: hold } }\n")];
}
