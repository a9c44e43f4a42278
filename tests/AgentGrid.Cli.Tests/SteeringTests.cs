using System.Net;
using System.Net.Sockets;
using AgentGrid.Cli.Tests.Hosting;

namespace AgentGrid.Cli.Tests;

/// <summary>Cancel and retry, watching, and measuring.</summary>
public sealed class SteeringTests(GridHost host) : IClassFixture<GridHost>, IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Cancel_Runs_EndsThemWithTheReason()
    {
        await StartHeldAsync("cancelled", "1");
        await StartHeldAsync("cancelled", "2");

        var result = await host.Tool().RunAsync("cancel", "cancelled/1", "cancelled/2", "--reason", "wrong map");
        var again = await host.Tool().RunAsync("cancel", "cancelled/1", "--json");
        var shown = await host.Tool().RunAsync("show", "cancelled/2");

        Assert.Equal((ExitCode.Ok, 2), (result.Exit, result.Lines.Count));
        Assert.All(result.Lines, l => Assert.EndsWith("  cancelled", l));
        Assert.False(again.Json.GetProperty("changed").GetBoolean());
        Assert.Contains("reason    wrong map", shown.Out);
    }

    [Fact]
    public async Task Cancel_CompletedRun_IsRefusedWithItsCode()
    {
        await StartHeldAsync("done", "1");
        HoldAgent.Release("done");
        await host.Tool().RunAsync("watch", "done/1");

        var result = await host.Tool().RunAsync("cancel", "done/1");

        Assert.Equal(ExitCode.Refused, result.Exit);
        Assert.Contains("AG1201", result.Error);
    }

    [Fact]
    public async Task Retry_CancelledRun_GoesOnAndIsWaitedFor()
    {
        await StartHeldAsync("retried", "1");
        await host.Tool().RunAsync("cancel", "retried/1");
        var tool = host.Tool().Start("retry", "retried/1", "--wait");
        await tool.PrintedAsync("half way");
        HoldAgent.Release("retried");

        var result = await tool.Ended;
        var whole = await host.Tool().RunAsync("watch", "retried/1");

        Assert.Equal(ExitCode.Ok, result.Exit);
        Assert.Contains("orchestration:retried", result.Lines[0]);
        Assert.Contains(result.Lines, l => l.Contains("completed in"));
        // The event that had ended the run the first time is not taken for its end.
        Assert.Contains("cancelled", whole.Out);
        Assert.EndsWith("completed", whole.Lines[^1].Split("  ", StringSplitOptions.RemoveEmptyEntries)[2]);
    }

    [Fact]
    public async Task Retry_FromAStepThatIsNotThere_IsRefused()
    {
        await StartHeldAsync("retried-from", "1");
        await host.Tool().RunAsync("cancel", "retried-from/1");

        var result = await host.Tool().RunAsync("retry", "retried-from/1", "--from", "nowhere");

        Assert.Equal(ExitCode.Refused, result.Exit);
        Assert.Contains("AG1206", result.Error);
        HoldAgent.Release("retried-from");
    }

    [Fact]
    public async Task Drain_AnAgent_HoldsUntilItIsUndrained()
    {
        var drained = await host.Tool().RunAsync("drain", "flaky");
        var listed = await host.Tool().RunAsync("agents");
        var undrained = await host.Tool().RunAsync("undrain", "flaky", "--json");
        var unknown = await host.Tool().RunAsync("drain", "nobody");

        Assert.Equal("flaky  drained", Assert.Single(drained.Lines));
        Assert.Contains("flaky (drained)", listed.Out);
        Assert.False(undrained.Json.GetProperty("drained").GetBoolean());
        Assert.NotEqual(ExitCode.Ok, unknown.Exit);
    }

    [Fact]
    public async Task Retry_WithoutWait_PrintsTheAnswer()
    {
        await StartHeldAsync("retried-json", "1");
        await host.Tool().RunAsync("cancel", "retried-json/1");

        var result = await host.Tool().RunAsync("retry", "retried-json/1", "--json");

        Assert.True(result.Json.GetProperty("changed").GetBoolean());
        HoldAgent.Release("retried-json");
    }

    [Fact]
    public async Task Watch_OneRun_PrintsItsEventsUpToItsEnd()
    {
        await StartHeldAsync("one", "1");
        var tool = host.Tool().Start("watch", "one/1", "--json");
        await tool.PrintedAsync("half way");
        HoldAgent.Release("one");

        var live = await tool.Ended;
        var later = await host.Tool().RunAsync("watch", "one/1", "--json");
        var filtered = await host.Tool().RunAsync("watch", "one/1", "--json", "--stage", "hold:*");

        Assert.Equal((ExitCode.Ok, live.Out), (later.Exit, later.Out));
        Assert.Contains("\"stage\":\"orchestration:accepted\"", live.Lines[0]);
        Assert.Contains("\"stage\":\"completed\"", live.Lines[^1]);
        Assert.Equal(3, filtered.Lines.Count);
        Assert.All(filtered.Lines, l => Assert.Contains("\"stage\":\"hold:", l));
    }

    [Fact]
    public async Task Watch_OneRunAfterANumber_LeavesOutWhatWasBefore()
    {
        await StartHeldAsync("after", "1");
        HoldAgent.Release("after");
        var all = await host.Tool().RunAsync("watch", "after/1");
        var third = all.Lines[2].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        var last = all.Lines[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];

        var rest = await host.Tool().RunAsync("watch", "after/1", "--after", third);
        var nothing = await host.Tool().RunAsync("watch", "after/1", "--after", last);

        Assert.Equal(all.Lines.Skip(3), rest.Lines);
        Assert.Equal((ExitCode.Ok, ""), (nothing.Exit, nothing.Out));
    }

    [Fact]
    public async Task Watch_EveryRun_FiltersByMatchAndStage()
    {
        var tool = host.Tool().Start("watch", "--after", "0", "--match", "mine", "--stage", "*:done");
        await StartHeldAsync("theirs", "1");
        HoldAgent.Release("theirs");
        await host.Tool().RunAsync("watch", "theirs/1");
        await StartHeldAsync("mine", "1");
        HoldAgent.Release("mine");
        await tool.PrintedAsync("only:done");

        var result = await tool.InterruptAsync();

        Assert.Equal(ExitCode.Interrupted, result.Exit);
        Assert.Contains("mine/1  only:done", Assert.Single(result.Lines));
    }

    [Theory]
    [InlineData(false, "any more): the newest is 0.")]
    [InlineData(true, "is not the one it was: the server has other data.")]
    public async Task Watch_ServerComesBackWithOtherData_SaysSoAndShowsAllOfThem(bool more, string note)
    {
        // Data whose numbers begin at 1 again; if there are more of them, the last one that was seen is among them.
        var other = new GridHost { Data = _scratch.Folder };
        await other.InitializeAsync();
        foreach (var match in more ? ["later", "later2", "later3"] : Array.Empty<string>())
        {
            HoldAgent.Release(match);
            await StartHeldAsync(match, "1", other);
            await other.Tool().RunAsync("watch", $"{match}/1");
        }
        await other.DisposeAsync();
        var first = new GridHost();
        await first.InitializeAsync();
        var port = new Uri(first.Url).Port;
        var tool = first.Tool().Start("watch", "--after", "0");
        await StartHeldAsync("before", "1", first);
        await tool.PrintedAsync("half way");

        await first.DisposeAsync();
        await tool.WarnedAsync("is lost; trying again");
        using (var nobody = new TcpListener(IPAddress.Loopback, port))
        {
            // It is away for so long that a try comes to nothing.
            nobody.Start();
            (await nobody.AcceptTcpClientAsync().WaitAsync(TimeSpan.FromMinutes(1))).Dispose();
        }
        await using var second = new GridHost { Port = port, Data = _scratch.Folder };
        await second.InitializeAsync();
        await tool.WarnedAsync(note);
        HoldAgent.Release("last");
        await StartHeldAsync("last", "1", second);
        await tool.PrintedAsync("last/1  completed");

        var result = await tool.InterruptAsync();
        var later = result.Lines.Where(l => !l.Contains("before/1", StringComparison.Ordinal)).Select(NumberOf).ToList();
        Assert.True(Enumerable.Range(1, later.Count).SequenceEqual(later), result.Out + result.Error);
        Assert.Equal(more, result.Out.Contains("later3/1  completed", StringComparison.Ordinal));
        HoldAgent.Release("before");
    }

    [Fact]
    public async Task Watch_OneRunOfAServerThatLostItsData_SaysThatItIsGone()
    {
        var first = new GridHost();
        await first.InitializeAsync();
        var port = new Uri(first.Url).Port;
        await StartHeldAsync("lost", "1", first);
        var tool = first.Tool().Start("watch", "lost/1");
        while ((await first.Tool().RunAsync("health", "--json")).Json.GetProperty("open_feeds").GetInt32() == 0)
        {
            // What has been so far it reads without a feed.
        }

        await first.DisposeAsync();
        await using var second = new GridHost { Port = port };
        await second.InitializeAsync();

        var result = await tool.Ended;
        Assert.Equal(ExitCode.Refused, result.Exit);
        Assert.Contains("There is no run", result.Error);
        HoldAgent.Release("lost");
    }

    [Fact]
    public async Task Watch_ServerRestarts_GoesOnWithoutGapOrRepeat()
    {
        var first = new GridHost { Data = _scratch.Folder };
        await first.InitializeAsync();
        var port = new Uri(first.Url).Port;
        var tool = first.Tool().Start("watch", "--after", "0");
        await StartHeldAsync("before", "2", first);
        await tool.PrintedAsync("half way");

        await first.DisposeAsync();
        await tool.WarnedAsync("is lost; trying again");
        await using var second = new GridHost { Port = port, Data = _scratch.Folder };
        await second.InitializeAsync();
        await tool.WarnedAsync("Connected again");
        HoldAgent.Release("before");
        await tool.PrintedAsync("before/2  completed");

        var result = await tool.InterruptAsync();
        var numbers = result.Lines.Select(NumberOf).ToList();
        Assert.Equal(Enumerable.Range(1, numbers.Count), numbers);
        Assert.DoesNotContain("(any more)", result.Error);
    }

    [Theory]
    [InlineData("-1", ExitCode.Usage, "from 0, not -1")]
    [InlineData("x", ExitCode.Usage, "--after")]
    [InlineData("9223372036854775807", ExitCode.Refused, "expected the number of an event, from 0 to 9007199254740991")]
    public async Task Watch_AfterWhatIsNoNumberOfAnEvent_SaysWhatIs(string after, int exit, string error)
    {
        var result = await host.Tool().RunAsync("watch", "--after", after);

        Assert.Equal(exit, result.Exit);
        Assert.Contains(error, result.Error);
    }

    [Fact]
    public async Task Watch_AfterANumberBeyondTheNewest_SaysSoAndShowsAll()
    {
        await StartHeldAsync("beyond", "1");
        HoldAgent.Release("beyond");
        var all = await host.Tool().RunAsync("watch", "beyond/1");

        var again = await host.Tool().RunAsync("watch", "beyond/1", "--after", "1000000");

        Assert.Equal(all.Out, again.Out);
        Assert.StartsWith("There is no event 1000000 (any more): the newest is ", again.Error);
    }

    [Fact]
    public async Task Bench_EchoPlan_MeasuresRuns()
    {
        var result = await host.Tool().RunAsync(
            "bench", "--time", "400ms", "--warmup", "0s", "--concurrency", "2", "--json");
        var people = await host.Tool().RunAsync("bench", "--time", "100ms", "--warmup", "100ms");

        Assert.Equal((ExitCode.Ok, ""), (result.Exit, result.Error));
        var runs = result.Json.GetProperty("runs").GetInt32();
        Assert.True(runs > 0);
        Assert.Equal(0, result.Json.GetProperty("failed").GetInt32());
        Assert.InRange(result.Json.GetProperty("p99_ms").GetDouble(),
            result.Json.GetProperty("p50_ms").GetDouble(), result.Json.GetProperty("max_ms").GetDouble());
        Assert.Contains("RUNS/S", people.Lines[0]);
        var listed = await host.Tool().RunAsync("runs", "--plan", "bench", "--limit", "1000", "--json");
        Assert.True(listed.Json.GetProperty("runs").GetArrayLength() >= Math.Min(runs, 1_000));
    }

    private static int NumberOf(string line) => int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0]);

    private Task StartHeldAsync(string match, string round) => StartHeldAsync(match, round, host);

    private async Task StartHeldAsync(string match, string round, GridHost on)
    {
        var plan = _scratch.Write("held.yaml", "steps: { only: { agent: hold } }\n");
        var posted = await new Tool(on.Url) { Input = "{}" }.RunAsync(
            "run", "-", "--match", match, "--round", round, "--plan", plan);
        Assert.Equal(ExitCode.Ok, posted.Exit);
    }
}
