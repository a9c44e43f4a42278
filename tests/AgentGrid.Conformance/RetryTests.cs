using AgentGrid.Conformance.Hosting;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>The same agent tried again, and other agents tried after it.</summary>
public abstract class RetryTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    [Fact]
    public async Task Retry_FailsTwice_SucceedsAtTheThirdTry()
    {
        Script.On("alpha", call => call.Number < 3 ? throw new InvalidOperationException("not yet") : new(call.Answer()));

        var run = await RunAsync("""{"a": {"agent": "alpha", "retry": {"max_attempts": 3, "backoff": "5ms"}}}""");

        AssertCompleted(run);
        var calls = Script.Calls("alpha");
        Assert.Equal([1, 2, 3], calls.Select(c => c.Invocation.Try));
        Assert.Equal(3, calls.Select(c => c.Invocation.IdempotencyKey).Distinct().Count());
        var statuses = StepOf(run, "a").Attempts.Select(a => a.Status);
        Assert.Equal([AttemptStatus.Failed, AttemptStatus.Failed, AttemptStatus.Succeeded], statuses);
    }

    [Fact]
    public async Task Retry_MaxAttemptsUsedUp_FailsWithTheLastError()
    {
        Script.On("alpha", call => throw new InvalidOperationException($"failure number {call.Number}"));

        var run = await RunAsync("""{"a": {"agent": "alpha", "retry": {"max_attempts": 3, "backoff": "5ms"}}}""");

        Assert.Contains("failure number 3", AssertFailed(run).Message, StringComparison.Ordinal);
        Assert.Equal(3, Script.Calls().Count);
    }

    [Fact]
    public async Task Retry_Backoff_DoublesTheWait()
    {
        Script.On("alpha", call => call.Number < 3 ? throw new InvalidOperationException("not yet") : new(call.Answer()));

        var run = await RunAsync("""
            {"a": {"agent": "alpha", "retry": {"max_attempts": 3, "backoff": "60ms", "jitter": 0}}}
            """);

        AssertCompleted(run);
        var attempts = StepOf(run, "a").Attempts;
        Assert.Equal(60, (attempts[0].RetryAt - attempts[0].EndedAt)!.Value.TotalMilliseconds, 1.0);
        Assert.Equal(120, (attempts[1].RetryAt - attempts[1].EndedAt)!.Value.TotalMilliseconds, 1.0);
        Assert.True(attempts[1].StartedAt >= attempts[0].RetryAt, "The second attempt began before its time.");
        Assert.True(attempts[2].StartedAt >= attempts[1].RetryAt, "The third attempt began before its time.");
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
        Script.On("alpha", call => call.Number == 1 ? call.HangAsync() : new(call.Answer()));

        var run = await RunAsync("""
            {"a": {"agent": "alpha", "timeout": "300ms", "retry": {"max_attempts": 20, "backoff": "5ms", "on": ["timeout"]}}}
            """);

        AssertCompleted(run);
        // All but the last, if the machine was too slow for that time.
        Assert.NotEmpty(StepOf(run, "a").Attempts[..^1]);
        Assert.All(StepOf(run, "a").Attempts[..^1], a => Assert.Equal(AttemptStatus.TimedOut, a.Status));
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
