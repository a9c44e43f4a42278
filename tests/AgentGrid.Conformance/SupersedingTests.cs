using AgentGrid.Conformance.Cast;
using AgentGrid.Conformance.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>What happens to a request whose key is taken by a run with other content.</summary>
public abstract class SupersedingTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    protected override bool KeepsEngine => true;

    private const string OneStep = """{"a": {"agent": "alpha"}}""";

    [Fact]
    public async Task UseExisting_OtherInput_IsAnsweredWithTheRunThatHasTheKey()
    {
        var first = Request(OneStep, """{"n": 1}""");
        var run = await AcceptAsync(first);

        var result = await Grid.SubmitAsync(first with { Input = Json.Parse("""{"n": 2}"""), OnConflict = OnConflict.UseExisting });

        Assert.Equal(run.RunId, Assert.IsType<SubmitResult.Replayed>(result).Run.RunId);
        AssertCompleted(await EndOfAsync(run));
        Assert.Single(Script.Calls());
    }

    [Fact]
    public async Task Supersede_ARunThatGoesOn_CancelsItAndTakesTheKey()
    {
        var gate = Script.Gate();
        Script.On("alpha", call => call.AnswerAfterAsync(gate));
        var first = Request(OneStep, """{"n": 1}""");
        var old = await AcceptAsync(first);
        await Script.StartedAsync("alpha");
        var second = first with { Input = Json.Parse("""{"n": 2}"""), OnConflict = OnConflict.Supersede };

        var run = await AcceptAsync(second);

        Assert.NotEqual(old.RunId, run.RunId);
        Assert.Equal((2, old.RunId), (run.Generation, run.Supersedes));
        var cancelled = await EndOfAsync(old);
        Assert.Equal(RunStatus.Cancelled, cancelled.Summary.Status);
        Assert.Equal(run.RunId, cancelled.Summary.SupersededBy);
        Assert.Equal($"superseded by run {run.RunId}", cancelled.CancelReason);
        await SeenAsync(old, "orchestration:superseded");
        // The same again finds it, as often as it is posted; the old content is in the way of nobody.
        Assert.Equal(run.RunId, Assert.IsType<SubmitResult.Replayed>(await Grid.SubmitAsync(second)).Run.RunId);
        Assert.Equal(run.RunId, Assert.IsType<SubmitResult.Conflict>(await Grid.SubmitAsync(first)).Run.RunId);
        gate.Open();
        AssertCompleted(await EndOfAsync(run));
        Assert.Equal(run.RunId, Assert.IsType<SubmitResult.Replayed>(await Grid.SubmitAsync(second)).Run.RunId);
    }

    [Fact]
    public async Task Supersede_GenerationsOfAKey_StayReadableThroughACrash()
    {
        var request = Request(OneStep) with { OnConflict = OnConflict.Supersede };
        var runs = new List<RunSummary>();
        for (var i = 1; i <= 3; i++)
        {
            var run = await AcceptAsync(request with { Input = Json.Parse($$"""{"n": {{i}}}""") });
            await EndOfAsync(run);
            runs.Add(run);
        }
        var other = await AcceptAsync(request with { Key = request.Key with { Round = "round_10" } });

        await CheckAsync();
        await Host.CrashAsync();
        await Host.StartAsync(Setup);
        await CheckAsync();

        async Task CheckAsync()
        {
            var (match, round) = request.Key;
            var found = (await Grid.ListRunsAsync(new RunQuery(MatchId: match, Round: round))).Runs;
            Assert.Equal([runs[2].RunId, runs[1].RunId, runs[0].RunId], found.Select(static r => r.RunId));
            Assert.Equal([3, 2, null], found.Select(static r => r.Generation));
            Assert.Equal([null, runs[2].RunId, runs[1].RunId], found.Select(static r => r.SupersededBy));
            Assert.Equal([runs[1].RunId, runs[0].RunId, null], found.Select(static r => r.Supersedes));
            Assert.All(found, static r => Assert.Equal(RunStatus.Completed, r.Status));
            Assert.Equal(
                [other.RunId, runs[2].RunId, runs[1].RunId, runs[0].RunId],
                (await Grid.ListRunsAsync(new RunQuery(MatchId: match))).Runs.Select(static r => r.RunId));
            Assert.Equal(Json.Parse("""{"n": 1}"""), (await Grid.GetRunAsync(runs[0].RunId))!.Input);
            var last = request with { Input = Json.Parse("""{"n": 3}"""), OnConflict = OnConflict.Fail };
            Assert.Equal(runs[2].RunId, Assert.IsType<SubmitResult.Replayed>(await Grid.SubmitAsync(last)).Run.RunId);
        }
    }

    [Fact]
    public async Task Supersede_ManyAtOnceWithOneInput_StartOneRun()
    {
        var first = Request(OneStep, """{"n": 1}""");
        var old = await AcceptAsync(first);
        var request = first with { Input = Json.Parse("""{"n": 2}"""), OnConflict = OnConflict.Supersede };

        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(async () => await Grid.SubmitAsync(request))));

        var ids = results.Select(r => r switch
        {
            SubmitResult.Accepted(var run) => run.RunId,
            SubmitResult.Replayed(var run) => run.RunId,
            _ => throw new InvalidOperationException(Describe(r)),
        }).Distinct();
        Assert.Equal(Assert.Single(ids), (await Grid.GetRunAsync(old.RunId))!.Summary.SupersededBy);
        Assert.Single(results.OfType<SubmitResult.Accepted>());
    }

    [Fact]
    public async Task Supersede_ManyAtOnceWithOtherInputs_LeaveOneThatGoesOnUnderTheKey()
    {
        Script.On("alpha", call => call.HangAsync());
        var request = Request(OneStep) with { OnConflict = OnConflict.Supersede };

        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(async () => Assert.IsType<SubmitResult.Accepted>(
            await Grid.SubmitAsync(request with { Input = Json.Parse($$"""{"n": {{i}}}""") })))));

        var runs = (await Grid.ListRunsAsync(new RunQuery(MatchId: request.Key.MatchId, Round: request.Key.Round))).Runs;
        Assert.Equal(Enumerable.Range(1, 12).Reverse(), runs.Select(static r => r.Generation ?? 1));
        Assert.False(runs[0].Status.IsEnded());
        Assert.All(runs.Skip(1), static r => Assert.Equal(RunStatus.Cancelled, r.Status));
        Assert.All(runs.Zip(runs.Skip(1)), static p => Assert.Equal((p.First.RunId, p.Second.RunId), (p.Second.SupersededBy, p.First.Supersedes)));
    }

    [Fact]
    public async Task Supersede_WhatIsRefused_CostsTheRunNothing()
    {
        var gate = Script.Gate();
        Script.On("alpha", call => call.AnswerAfterAsync(gate));
        var first = Request(OneStep, """{"n": 1}""");
        var run = await AcceptAsync(first);
        var bad = first with { Input = Json.Parse("""{"n": 2}"""), OnConflict = OnConflict.Supersede };

        Assert.IsType<SubmitResult.Invalid>(await Grid.SubmitAsync(bad with { Plan = "nowhere", InlinePlan = null }));
        Assert.IsType<SubmitResult.Invalid>(await Grid.SubmitAsync(bad with { Delay = TimeSpan.FromDays(1000) }));
        Assert.IsType<SubmitResult.Invalid>(await Grid.SubmitAsync(bad with { Webhooks = [new Webhook("ftp://nowhere", [])] }));

        gate.Open();
        AssertCompleted(await EndOfAsync(run));
        Assert.Null((await Grid.GetRunAsync(run.RunId))!.Summary.SupersededBy);
    }

    [Fact]
    public async Task Supersede_InAGroupThatRejects_HasThePlaceOfTheOther()
    {
        Script.On("alpha", call => call.HangAsync());
        const string Alone = """ "concurrency": {"key": "input.player", "policy": "reject"} """;
        var first = Request(OneStep, """{"player": 1, "n": 1}""", Alone);
        await SeenAsync(await AcceptAsync(first), "alpha:start");

        var run = await AcceptAsync(first with { Input = Json.Parse("""{"player": 1, "n": 2}"""), OnConflict = OnConflict.Supersede });

        await SeenAsync(run, "alpha:start");
    }

    [Fact]
    public async Task Retry_OfASupersededRun_IsRefused()
    {
        var first = Request(OneStep, """{"n": 1}""");
        var old = await AcceptAsync(first);
        await EndOfAsync(old);
        var run = await AcceptAsync(first with { Input = Json.Parse("""{"n": 2}"""), OnConflict = OnConflict.Supersede });

        var refused = Assert.IsType<CommandResult.Refused>(await Grid.CommandAsync(old.RunId, new RunCommand.Retry("a")));

        Assert.Equal(CommandCodes.NotRetryable, refused.Code);
        Assert.Contains($"superseded by run {run.RunId}", refused.Message, StringComparison.Ordinal);
        AssertCompleted(await EndOfAsync(run));
    }
}
