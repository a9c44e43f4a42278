using AgentGrid.Conformance.Hosting;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Retries and fallbacks: what the run machine alone decides, so that one engine shows it for all.</summary>
public abstract class RetryDecisionTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    [Fact]
    public async Task Retry_MaxAttemptsUsedUp_FailsWithTheLastError()
    {
        Script.On("alpha", call => throw new InvalidOperationException($"failure number {call.Number}"));

        var run = await RunAsync("""{"a": {"agent": "alpha", "retry": {"max_attempts": 3, "backoff": "5ms"}}}""");

        Assert.Contains("failure number 3", AssertFailed(run).Message, StringComparison.Ordinal);
        Assert.Equal(3, Script.Calls().Count);
    }

    [Theory]
    [InlineData("rate_limited", 3)]
    [InlineData("out_of_memory", 1)]
    public async Task Retry_On_RetriesTheNamedCodesAlone(string code, int calls)
    {
        Script.On("alpha", _ => throw new AgentException(code, "The GPU said no."));

        var run = await RunAsync("""
            {"a": {"agent": "alpha", "retry": {"max_attempts": 3, "backoff": "5ms", "on": ["rate_limited"]}}}
            """);

        Assert.Equal(code, Assert.Single(StepOf(run, "a").Attempts, a => a.Attempt == calls).Error!.Code);
        AssertFailed(run);
        Assert.Equal(calls, Script.Calls().Count);
    }

    [Fact]
    public async Task Retry_OnTimeout_TriesAgainAfterATimeout()
    {
        Script.On("alpha", call => call.Invocation.Try == 1 ? call.HangAsync() : new(call.Answer()));

        // The second attempt has no more time than the first.
        var run = await InEnoughTimeAsync(
            TimeSpan.FromMilliseconds(200),
            limit => RunAsync($$"""
                {"a": {"agent": "alpha", "timeout": "{{limit.TotalMilliseconds}}ms",
                       "retry": {"max_attempts": 2, "backoff": "5ms", "on": ["timeout"]} } }
                """),
            enough: r => r.Summary.Status == RunStatus.Completed);

        AssertCompleted(run);
        Assert.Equal(AttemptStatus.TimedOut, StepOf(run, "a").Attempts[0].Status);
    }

    [Fact]
    public async Task Retry_NotRetryable_IsNotTriedAgain()
    {
        Script.On("alpha", _ => throw new AgentException("bad_input", "Two heads are too many.", retryable: false));

        var run = await RunAsync("""{"a": {"agent": "alpha", "retry": {"max_attempts": 5, "backoff": "5ms"}}}""");

        var error = AssertFailed(run);
        Assert.Contains("Two heads", error.Message, StringComparison.Ordinal);
        Assert.Single(Script.Calls());
    }

    [Fact]
    public async Task Fallback_Named_AreTriedInTheirOrder()
    {
        Script.On("alpha", _ => throw new AgentException("bad_input", "alpha is broken", retryable: false));
        Script.On("charlie", _ => throw new InvalidOperationException("charlie is broken"));

        var run = await RunAsync("""{"a": {"agent": "alpha", "fallback": ["charlie", "bravo"]}}""");

        AssertCompleted(run);
        Assert.Equal(["alpha", "charlie", "bravo"], Script.Calls().Select(c => c.Agent));
        Assert.Equal("bravo", run.Result!.Element.GetProperty("a").GetProperty("agent").GetString());
    }

    [Fact]
    public async Task Fallback_Unnamed_AreTheOtherAgentsOfTheCapability()
    {
        Script.On("alpha", _ => throw new InvalidOperationException("alpha is broken"));
        Script.On("bravo", call => throw new InvalidOperationException("bravo is broken"));

        var run = await RunAsync("""
            {"a": {"capability": "work", "retry": {"max_attempts": 2, "backoff": "5ms"}}}
            """);

        AssertCompleted(run);
        Assert.Equal(["alpha", "alpha", "bravo", "bravo", "charlie"], Script.Calls().Select(c => c.Agent));
    }

    [Fact]
    public async Task Fallback_EveryoneFails_FailsWithTheLastWord()
    {
        foreach (var agent in new[] { "alpha", "bravo", "charlie" })
        {
            Script.On(agent, call => throw new InvalidOperationException($"{call.Agent} is broken"));
        }

        var run = await RunAsync("""{"a": {"capability": "work"}}""");

        Assert.Contains("charlie is broken", AssertFailed(run).Message, StringComparison.Ordinal);
        Assert.Equal(3, Script.Calls().Count);
    }
}
