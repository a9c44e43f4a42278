using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

/// <summary>Steps that are larger than an engine allows fail with their numbers, and take nothing else with them.</summary>
public sealed class RunSizeTests
{
    [Theory]
    [InlineData(3, RunStatus.Running)]
    [InlineData(4, RunStatus.Failed)]
    public void Decide_MoreItemsThanAreAllowed_FailsTheStepBeforeAnyIsAsked(int items, RunStatus expected)
    {
        var run = new RunScenario(
            """{"steps":{"a":{"agent":"best","mode":"each","for_each":"input.items"}}}""", RunMachineTests.TwoAgents(),
            $$"""{"items":[{{string.Join(',', Enumerable.Range(0, items))}}]}""")
        {
            Limits = new RunLimits { MaxItems = 3 },
        }.Started();

        Assert.Equal(expected, run.State.Status);
        Assert.Equal(expected == RunStatus.Failed ? 0 : 3, run.State["a"].Attempts.Count);
        if (run.State["a"].Error is { } error)
        {
            Assert.Equal((ErrorCodes.TooManyItems, false), (error.Code, error.Retryable));
            Assert.Contains("4 items; at most 3 are allowed (option MaxItems)", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Decide_OutputsTogetherTooLarge_FailsTheStepAndCancelsTheRest()
    {
        var run = Fan(new RunLimits { MaxStepOutputBytes = 9 });
        run.Succeeds("a", 1, "12345").Succeeds("a", 2, "67890");

        Assert.Equal(RunStatus.Failed, run.State.Status);
        Assert.Equal(ErrorCodes.OutputTooLarge, run.State["a"].Error!.Code);
        Assert.Contains("9 bytes together", run.State["a"].Error!.Message, StringComparison.Ordinal);
        Assert.Equal(
            [AttemptStatus.Succeeded, AttemptStatus.Cancelled, AttemptStatus.Cancelled],
            run.State["a"].Attempts.Select(a => a.Status));
    }

    [Fact]
    public void Decide_OutputsAsLargeAsIsAllowed_CompleteTheStep()
    {
        var run = Fan(new RunLimits { MaxStepOutputBytes = 9 });
        run.Succeeds("a", 1, "123").Succeeds("a", 2, "456").Succeeds("a", 3, "789");

        Assert.Equal("[123,456,789]", run.State["a"].Output!.ToString());
    }

    [Fact]
    public void Decide_OutputsThatARetryKeeps_CountOnce()
    {
        var run = Fan(new RunLimits { MaxStepOutputBytes = 9 });
        run.Succeeds("a", 1, "123").Succeeds("a", 2, "456").Fails("a", 3);
        Assert.Equal(RunStatus.Failed, run.State.Status);

        run.When(new RunInput.RetryRun()).Started().Succeeds("a", 4, "789");
        Assert.Equal("[123,456,789]", run.State["a"].Output!.ToString());
    }

    [Fact]
    public void Decide_OneOutput_IsNotHeldAgainstTheSum()
    {
        var run = new RunScenario("""{"steps":{"a":{"agent":"best"}}}""", RunMachineTests.TwoAgents())
        {
            Limits = new RunLimits { MaxStepOutputBytes = 1 },
        }.Started().Succeeds("a", 1, "12345");

        Assert.Equal(RunStatus.Completed, run.State.Status);
    }

    private static RunScenario Fan(RunLimits limits) => new RunScenario(
        """{"steps":{"a":{"agent":"best","mode":"each","for_each":"input.items"}}}""", RunMachineTests.TwoAgents(),
        """{"items":[1,2,3]}""")
    {
        Limits = limits,
    }.Started();
}
