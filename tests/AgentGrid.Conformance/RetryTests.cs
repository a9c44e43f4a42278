using AgentGrid.Conformance.Hosting;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>The same agent tried again, and other agents tried after it.</summary>
public abstract class RetryTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    protected override bool KeepsEngine => true;

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
}
