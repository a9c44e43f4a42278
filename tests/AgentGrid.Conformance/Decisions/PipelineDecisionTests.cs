using AgentGrid.Conformance.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Steps one after the other: what the run machine alone decides, so that one engine shows it for all.</summary>
public abstract class PipelineDecisionTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    [Fact]
    public async Task Diamond_Joins_AfterBothSidesThatRanAtOnce()
    {
        Script.On("alpha", async call =>
        {
            await Script.StartedAsync("bravo");
            return call.Answer();
        });
        Script.On("bravo", async call =>
        {
            await Script.StartedAsync("alpha");
            return call.Answer();
        });

        var run = await RunAsync("""
            {
              "left":  {"agent": "alpha"},
              "right": {"agent": "bravo"},
              "join":  {"agent": "charlie", "needs": ["left", "right"]}
            }
            """);

        AssertCompleted(run);
        Assert.Equal("charlie", Script.Calls()[2].Agent);
    }

    [Fact]
    public async Task Result_NamedByThePlan_IsTakenFromTheSteps()
    {
        Script.On("alpha", _ => new(Json.Parse("""{"deep": [{"x": 41}, {"x": 42}]}""")));

        var run = await RunAsync("""{"a": {"agent": "alpha"}}""", "{}", """ "result": {"answer": "a.deep[1].x"} """);

        AssertCompleted(run);
        Assert.Equal(42, run.Result!.Element.GetProperty("answer").GetInt32());
    }

    [Theory]
    [InlineData("true", StepStatus.Completed, 1)]
    [InlineData("false", StepStatus.Skipped, 0)]
    public async Task When_OnAnEarlierResult_DecidesWhetherTheStepRuns(string go, StepStatus expected, int calls)
    {
        Script.On("alpha", _ => new(Json.Parse($$"""{"go": {{go}} }""")));

        var run = await RunAsync("""
            {
              "a": {"agent": "alpha"},
              "b": {"agent": "bravo", "needs": ["a"], "when": "a.go"},
              "c": {"agent": "charlie", "needs": ["b"]}
            }
            """);

        AssertCompleted(run);
        Assert.Equal(expected, StepOf(run, "b").Status);
        Assert.Equal(expected == StepStatus.Skipped, StepOf(run, "b").SkipReason is not null);
        Assert.Equal(calls, Script.Calls("bravo").Count);
        Assert.Equal(calls == 0, Assert.Single(Script.Calls("charlie")).Invocation.Results["b"].IsNull);
    }

    [Fact]
    public async Task Optional_StepFails_TheRunGoesOnWithNull()
    {
        Script.On("alpha", _ => throw new InvalidOperationException("alpha is broken"));

        var run = await RunAsync("""
            {"a": {"agent": "alpha", "optional": true}, "b": {"agent": "bravo", "needs": ["a"]}}
            """);

        AssertCompleted(run);
        Assert.Equal(StepStatus.Failed, StepOf(run, "a").Status);
        Assert.True(Assert.Single(Script.Calls("bravo")).Invocation.Results["a"].IsNull);
    }

    [Fact]
    public async Task Step_Fails_TheRunFailsAndOtherStepsAreCancelled()
    {
        Script.On("alpha", async call =>
        {
            await Script.StartedAsync("bravo");
            throw new InvalidOperationException("alpha is broken");
        });
        Script.On("bravo", call => call.HangAsync());

        var run = await RunAsync("""
            {"a": {"agent": "alpha"}, "b": {"agent": "bravo"}, "c": {"agent": "charlie", "needs": ["a"]}}
            """);

        Assert.Contains("alpha is broken", AssertFailed(run).Message, StringComparison.Ordinal);
        await Assert.Single(Script.Calls("bravo")).CancelledAsync();
        Assert.Empty(Script.Calls("charlie"));
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task OnNone_Fail_FailsAndNamesTheCapability()
    {
        var run = await RunAsync("""{"a": {"capability": "telepathy"}}""");

        var error = AssertFailed(run);
        Assert.Equal(ErrorKind.Routing, error.Kind);
        Assert.Contains("telepathy", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OnNone_Skip_SkipsTheStep()
    {
        var run = await RunAsync("""
            {
              "a": {"capability": "telepathy", "mode": "all", "on_none": "skip"},
              "b": {"agent": "bravo", "needs": ["a"]}
            }
            """);

        AssertCompleted(run);
        Assert.Equal(StepStatus.Skipped, StepOf(run, "a").Status);
        await SeenAsync(run.Summary, "a:skipped");
        Assert.Single(Script.Calls("bravo"));
    }
}
