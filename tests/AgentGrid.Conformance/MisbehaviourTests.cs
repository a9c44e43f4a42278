using System.Diagnostics.Metrics;
using AgentGrid.Conformance.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Agents that do what no agent should: the run says so, and the engine goes on.</summary>
public abstract class MisbehaviourTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    protected override bool KeepsEngine => true;

    protected override GridSetup Setup { get; } = new() { MaxOutputBytes = 4 * 1024 * 1024 };

    [Fact]
    public async Task Agent_ReturnsNull_FailsTheAttempt()
    {
        Script.On("alpha", _ => new((Json)null!));

        AssertFailed(await RunAsync("""{"a": {"agent": "alpha"}}"""));
        AssertCompleted(await RunAsync("""{"a": {"agent": "bravo"}}"""));
    }

    [Fact]
    public async Task Agent_ReturnsWhatIsNotJson_FailsTheAttempt()
    {
        Script.On("alpha", _ => new(Json.Trusted("{\"broken\": "u8.ToArray())));

        AssertFailed(await RunAsync("""{"a": {"agent": "alpha"}, "b": {"agent": "bravo", "needs": ["a"]}}"""));
        Assert.Empty(Script.Calls("bravo"));
    }

    [Theory]
    [InlineData(120)]
    [InlineData(127)]
    public async Task Agent_ReturnsDeepNesting_EndsTheRunAndTheEngineStartsAgain(int depth)
    {
        var deep = Json.Parse(new string('[', depth) + new string(']', depth));
        Script.On("alpha", _ => new(deep));
        Script.On("bravo", call => new(Json.From(new { wrapped = call.Input })));

        var run = await RunAsync("""
            {
              "a": {"agent": "alpha"},
              "b": {"agent": "bravo", "needs": ["a"]},
              "c": {"agent": "bravo", "needs": ["b"]},
              "d": {"agent": "bravo", "needs": ["c"]}
            }
            """);
        await Host.CrashAsync();
        await Host.StartAsync(Setup);

        Assert.Equal(run.Summary, (await Grid.GetRunAsync(run.Summary.RunId))!.Summary);
        Assert.True(run.Summary.Status == RunStatus.Completed || depth > 100, Describe(run));
        await FeedAsync();
    }

    [Fact]
    public async Task Submit_DeepInput_IsRunOrRefusedAndTheEngineStartsAgain()
    {
        var deep = new string('[', 126) + new string(']', 126);
        var request = Request("""{"a": {"agent": "alpha"}, "b": {"agent": "bravo", "needs": ["a"]}}""", $$"""{"x": {{deep}}}""");
        Script.On("alpha", call => new(Json.From(call.Input)));

        var result = await Grid.SubmitAsync(request);
        if (result is SubmitResult.Accepted accepted)
        {
            await EndOfAsync(accepted.Run);
        }
        await Host.CrashAsync();
        await Host.StartAsync(Setup);

        Assert.True(result is SubmitResult.Accepted or SubmitResult.Invalid, Describe(result));
        foreach (var run in (await Grid.ListRunsAsync(new RunQuery())).Runs)
        {
            Assert.NotNull(await Grid.GetRunAsync(run.RunId));
        }
    }

    [Fact]
    public async Task Agent_ThrowsCancellationThatNobodyAskedFor_FailsTheAttempt()
    {
        Script.On("alpha", _ => throw new OperationCanceledException("I would rather not."));

        var error = AssertFailed(await RunAsync("""{"a": {"agent": "alpha"}}"""));

        Assert.Contains("I would rather not", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agent_Throws_SaysWhatAndWhereOnItsAttemptAlone()
    {
        Script.On("alpha", _ => throw new FormatException("a wrong number"));

        var run = await RunAsync("""{"a": {"agent": "alpha"}}""");

        var error = Assert.Single(StepOf(run, "a").Attempts).Error!;
        Assert.Equal("System.FormatException", error.Type);
        Assert.Contains("a wrong number", error.Detail, StringComparison.Ordinal);
        Assert.Contains(nameof(Agent_Throws_SaysWhatAndWhereOnItsAttemptAlone), error.Detail, StringComparison.Ordinal);
        Assert.Null(AssertFailed(run).Detail);
        Assert.Null(StepOf(run, "a").Error!.Detail);
        Assert.DoesNotContain(await FeedAsync(), e => Json.Trusted(e.Utf8).ToString().Contains("   at ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Agent_ReturnsALargeOutput_PassesItOnWhole()
    {
        var text = new string('x', 3 * 1024 * 1024);
        Script.On("alpha", _ => new(Json.From(new { text })));
        Script.On("bravo", call => new(Json.From(call.Input.GetProperty("a").GetProperty("text").GetString()!.Length)));

        var run = await RunAsync("""{"a": {"agent": "alpha"}, "b": {"agent": "bravo", "needs": ["a"]}}""");

        AssertCompleted(run);
        Assert.Equal(text.Length, run.Result!.Element.GetProperty("b").GetInt32());
        Assert.True(Assert.Single(StepOf(run, "a").Attempts).OutputBytes > text.Length);
    }

    [Fact]
    public async Task Agent_ReturnsMoreThanAllowed_FailsTheAttemptAndSaysSo()
    {
        Script.On("alpha", _ => new(Json.From(new string('x', 5 * 1024 * 1024))));

        var error = AssertFailed(await RunAsync("""{"a": {"agent": "alpha"}}"""));

        Assert.True(error.Message.Length < 1_000, $"The message has {error.Message.Length} characters.");
        Assert.Contains("bytes", error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Agent_BlocksItsThread_StopsNobodyElse()
    {
        using var released = new ManualResetEventSlim();
        Script.On("alpha", call =>
        {
            released.Wait(Limits.Patience);
            return new(call.Answer());
        });
        try
        {
            var blocked = await AcceptAsync("""{"a": {"agent": "alpha"}}""");
            await Script.StartedAsync("alpha");

            AssertCompleted(await RunAsync("""{"a": {"agent": "bravo"}}"""));

            released.Set();
            AssertCompleted(await EndOfAsync(blocked));
        }
        finally
        {
            released.Set();
        }
    }

    [Fact]
    public async Task Agent_ReportsProgress_ShowsInTheFeedAndOnTheAttempt()
    {
        var gate = Script.Gate();
        Script.On("alpha", async call =>
        {
            call.Invocation.Progress.Report(0.4, "almost half");
            await gate.PassAsync(call);
            return call.Answer();
        });
        var run = await AcceptAsync("""{"a": {"agent": "alpha"}}""");
        await Limits.EventuallyAsync(
            async () => (await FeedAsync()).Any(e => Json.Trusted(e.Utf8).ToString().Contains("almost half")),
            async () => string.Join(' ', (await FeedAsync()).Select(e => e.Stage)));

        var attempt = Assert.Single(StepOf((await Grid.GetRunAsync(run.RunId))!, "a").Attempts);
        gate.Open();

        Assert.Equal(0.4, attempt.Progress);
        Assert.Equal("almost half", attempt.ProgressMessage);
        AssertCompleted(await EndOfAsync(run));
    }

    [Fact]
    public async Task Agent_ReportsProgressWithoutPause_IsThinnedOut()
    {
        Script.On("alpha", call =>
        {
            for (var i = 0; i < 10_000; i++)
            {
                call.Invocation.Progress.Report(i / 10_000.0);
            }
            return new(call.Answer());
        });

        AssertCompleted(await RunAsync("""{"a": {"agent": "alpha"}}"""));

        Assert.InRange((await FeedAsync()).Count, 1, 200);
    }

    // What measures an attempt throws in the middle of a turn, as a mistake in the engine would.
    [Fact]
    public async Task Engine_MakesAMistakeInATurn_GoesOnFromWhatIsDurable()
    {
        var mistakes = 1;
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == "AgentGrid" && instrument.Name == "agentgrid.attempt.queue_wait")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) =>
        {
            if (tags is [{ Key: "agent", Value: "crumbly" }] && Interlocked.Decrement(ref mistakes) >= 0)
            {
                throw new InvalidOperationException("a mistake that a test has made");
            }
        });
        listener.Start();
        Script.On("crumbly", call => new(call.Answer()));

        var run = await RunAsync("""{"a": {"agent": "alpha"}, "b": {"agent": "crumbly", "needs": ["a"]}}""");

        AssertCompleted(run);
        Assert.True(mistakes < 0, "the engine has made no mistake");
        Assert.Single(Script.Calls("alpha"));
        await Limits.EventuallyAsync(
            async () => (await Grid.GetAgentsAsync()).All(a => a is { Running: 0, Waiting: 0 }),
            async () => string.Join(' ', (await Grid.GetAgentsAsync()).Select(a => $"{a.Config.Name}:{a.Running}+{a.Waiting}")));
    }
}
