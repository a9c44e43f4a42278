using AgentGrid.Cli.Tests.Hosting;

namespace AgentGrid.Cli.Tests;

/// <summary>Which run is meant, and which runs are chosen.</summary>
public sealed class NamingTests(GridHost host) : IClassFixture<GridHost>, IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("sl/a/sh", "1")]
    [InlineData("slash", "2/b/3")]
    [InlineData("sl//ash", "/4/")]
    public async Task Key_SlashesInItsParts_IsFoundAsOneText(string match, string round)
    {
        var id = await StartHeldAsync(match, round);

        var shown = await host.Tool().RunAsync("show", $"{match}/{round}", "--json");
        var exact = await host.Tool().RunAsync("show", "--match", match, "--round", round, "--json");
        var cancelled = await host.Tool().RunAsync("cancel", $"{match}/{round}");

        Assert.Equal((ExitCode.Ok, id), (shown.Exit, shown.Json.GetProperty("run_id").GetString()));
        Assert.Equal(id, exact.Json.GetProperty("run_id").GetString());
        Assert.Equal($"{id}  cancelled", Assert.Single(cancelled.Lines));
    }

    [Fact]
    public async Task Key_ThatIsTwoRuns_IsRefusedWithBothAndChangesNeither()
    {
        var one = await StartHeldAsync("it's", "b/c");
        var other = await StartHeldAsync("it's/b", "c");

        foreach (var command in (string[])["cancel", "retry", "show", "watch"])
        {
            var result = await host.Tool().RunAsync(command, "it's/b/c");

            Assert.Equal((ExitCode.Refused, ""), (result.Exit, result.Out));
            Assert.Contains("'it's/b/c' are 2 runs; name one by its id, or with --match and --round:", result.Error);
            Assert.Contains($"  {one}  --match 'it'\\''s' --round b/c  running", result.Error);
            Assert.Contains($"  {other}  --match 'it'\\''s/b' --round c  running", result.Error);
        }
        var exact = await host.Tool().RunAsync("cancel", "--match", "it's/b", "--round", "c");
        Assert.Equal($"{other}  cancelled", Assert.Single(exact.Lines));
        var watched = host.Tool().Start("watch", "--match", "it's", "--round", "b/c");
        await watched.PrintedAsync("half way");
        HoldAgent.Release("it's");
        Assert.Equal(ExitCode.Ok, (await watched.Ended).Exit);
        Assert.Contains(one, (await host.Tool().RunAsync("show", one)).Out);
    }

    [Fact]
    public async Task Cancel_OneOfTheNamesIsWrong_CancelsNone()
    {
        var id = await StartHeldAsync("names", "1");

        var result = await host.Tool().RunAsync("cancel", id, "names/2");

        Assert.Equal(ExitCode.Refused, result.Exit);
        Assert.Contains("no run with the key 'names/2'", result.Error);
        Assert.Contains("status    running", (await host.Tool().RunAsync("show", id)).Out);
        HoldAgent.Release("names");
    }

    [Fact]
    public async Task CancelAndRetry_Filters_ChooseThoseRunsAlone()
    {
        var (one, two) = (await StartHeldAsync("chosen", "1"), await StartHeldAsync("chosen", "2"));
        var other = await StartHeldAsync("not chosen", "1");

        var none = await host.Tool().RunAsync("cancel", "--match", "chosen", "--agent", "echo");
        var cancelled = await host.Tool().RunAsync("cancel", "--match", "chosen", "--status", "running");
        var again = await host.Tool().RunAsync("cancel", "--match", "chosen", "--json");
        var retried = await host.Tool().RunAsync("retry", "--match", "chosen");

        Assert.Equal((ExitCode.Ok, "", "runs: 0\n"), (none.Exit, none.Out, none.Error));
        Assert.Equal([$"{one}  cancelled", $"{two}  cancelled"], cancelled.Lines.Order(StringComparer.Ordinal));
        Assert.Equal("runs: 2\n", cancelled.Error);
        Assert.Equal((ExitCode.Ok, ""), (again.Exit, again.Out));
        Assert.Equal(2, retried.Lines.Count);
        Assert.Contains("status    running", (await host.Tool().RunAsync("show", other)).Out);
        HoldAgent.Release("chosen");
        HoldAgent.Release("not chosen");
    }

    [Fact]
    public async Task Cancel_All_IsEveryRunThatIsNotEnded()
    {
        await using var alone = new GridHost();
        await alone.InitializeAsync();
        await StartHeldAsync("all", "1", alone);
        await StartHeldAsync("all of them", "2", alone);

        var result = await alone.Tool().RunAsync("cancel", "--all", "--reason", "wrong config");
        var listed = await alone.Tool().RunAsync("runs", "--status", "cancelled");

        Assert.Equal((ExitCode.Ok, 2, "runs: 2\n"), (result.Exit, result.Lines.Count, result.Error));
        Assert.Equal(3, listed.Lines.Count);
        Assert.All(listed.Lines.Skip(1), l => Assert.Contains("wrong config", l));
    }

    [Fact]
    public async Task Retry_MoreThanTheServerHasRoomFor_GoesOnWhenItHas()
    {
        await using var full = new GridHost { MaxActiveRuns = 1, MaxQueuedRuns = 1 };
        await full.InitializeAsync();
        foreach (var round in (string[])["1", "2", "3", "4", "5", "6"])
        {
            await StartHeldAsync("room", round, full);
            await full.Tool().RunAsync("cancel", $"room/{round}");
        }
        HoldAgent.Release("room");

        var result = await full.Tool().RunAsync("retry", "--match", "room");

        Assert.Equal((ExitCode.Ok, 6), (result.Exit, result.Lines.Count));
    }

    [Theory]
    [InlineData("show", ".")]
    [InlineData("show", "..")]
    [InlineData("cancel", "..")]
    [InlineData("drain", "..")]
    public async Task Name_ThatWouldLeadElsewhere_IsRefused(params string[] args)
    {
        var result = await host.Tool().RunAsync(args);

        Assert.Equal(ExitCode.Usage, result.Exit);
        Assert.Contains("is not a name", result.Error);
    }

    [Fact]
    public async Task Name_ThatBeginsWithAnAt_IsAName()
    {
        var id = await StartHeldAsync("@home", "@1");

        var result = await host.Tool().RunAsync("cancel", "@home/@1");

        Assert.Equal($"{id}  cancelled", Assert.Single(result.Lines));
    }

    private Task<string> StartHeldAsync(string match, string round) => StartHeldAsync(match, round, host);

    private async Task<string> StartHeldAsync(string match, string round, GridHost on)
    {
        var plan = _scratch.Write("held.yaml", "steps: { only: { agent: hold } }\n");
        var posted = await new Tool(on.Url) { Input = "{}" }.RunAsync(
            "run", "-", "--match", match, "--round", round, "--plan", plan, "--json");
        Assert.Equal((ExitCode.Ok, ""), (posted.Exit, posted.Error));
        var id = posted.Json.GetProperty("run_id").GetString()!;
        var watched = on.Tool().Start("watch", id);
        await watched.PrintedAsync("half way");
        await watched.InterruptAsync();
        return id;
    }
}
