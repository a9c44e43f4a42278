using AgentGrid.Agents.Patterns;
using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Agents.Tests.Patterns;

public sealed class PatternAgentTests
{
    [Fact]
    public void Echo_AnyInput_IsItsOutput()
    {
        var invocation = Invocations.Of(
            new EchoAgent(), """{"a": 1}""", """{"b": [2]}""", results: ("c", Json.Parse("\"x\"")));

        Assert.Equal("""{"a":1,"b":[2],"c":"x"}""", Invocations.Run(new EchoAgent(), invocation).ToString());
    }

    [Fact]
    public async Task Delay_TimePasses_AnswersThenAndNotBefore()
    {
        var time = new ManualTime();
        var agent = new DelayAgent(time);
        var invocation = Invocations.Of(agent, stepInput: """{"ms": 250}""");
        var answer = agent.InvokeAsync(invocation, CancellationToken.None).AsTask();

        time.Advance(TimeSpan.FromMilliseconds(249));
        Assert.False(answer.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal("""{"slept_ms":250}""", (await answer).ToString());
    }

    [Fact]
    public void Delay_Zero_AnswersAtOnce() => Assert.Equal(
        """{"slept_ms":0}""", Invocations.Run(new DelayAgent(new ManualTime()), stepInput: """{"ms": 0}""").ToString());

    [Fact]
    public async Task Delay_Cancelled_EndsAtOnce()
    {
        using var cancellation = new CancellationTokenSource();
        var agent = new DelayAgent(new ManualTime());
        var invocation = Invocations.Of(agent, stepInput: """{"ms": 1000}""");
        var answer = agent.InvokeAsync(invocation, cancellation.Token).AsTask();

        Assert.False(answer.IsCompleted);
        cancellation.Cancel();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
    }

    [Theory]
    [InlineData("{}", "'ms' is missing")]
    [InlineData("""{"ms": -1}""", "from 0 to 86400000")]
    [InlineData("""{"ms": 86400001}""", "from 0 to 86400000")]
    [InlineData("""{"ms": "1s"}""", "\"1s\"")]
    public void Delay_BadParameter_SaysWhatIsExpected(string input, string says)
    {
        var agent = new DelayAgent();

        Refusal.Of(agent, Invocations.Of(agent, stepInput: input), "bad_input", "'delay'", says);
    }

    [Theory]
    [InlineData(0, 1, true)]
    [InlineData(2, 1, false)]
    [InlineData(2, 2, false)]
    [InlineData(2, 3, true)]
    public void Flaky_FailTimes_FailsThatOften(int times, int @try, bool succeeds)
    {
        var agent = new FlakyAgent();
        var invocation = Invocations.Of(agent, stepInput: $$"""{"fail_times": {{times}}}""", @try: @try);

        if (succeeds)
        {
            Assert.Equal($$"""{"ok":true,"tries":{{@try}}}""", Invocations.Run(agent, invocation).ToString());
        }
        else
        {
            var failure = Assert.Throws<AgentException>(() => Invocations.Run(agent, invocation));
            Assert.Equal(("flaky", true), (failure.Code, failure.Retryable));
        }
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(1, 2000, 2000)]
    [InlineData(0.3, 520, 680)]
    public void Flaky_FailRate_FailsThatShareOfAttempts(double rate, int atLeast, int atMost) =>
        Assert.InRange(Enumerable.Range(1, 2000).Count(attempt => Fails(rate, attempt)), atLeast, atMost);

    [Fact]
    public void Flaky_SameAttemptAgain_EndsInTheSameWay() => Assert.All(
        Enumerable.Range(1, 50), attempt => Assert.Equal(Fails(0.5, attempt), Fails(0.5, attempt)));

    [Theory]
    [InlineData("{}", "either 'fail_times' or 'fail_rate'")]
    [InlineData("""{"fail_times": 1, "fail_rate": 0.5}""", "either 'fail_times' or 'fail_rate'")]
    [InlineData("""{"fail_times": 1.5}""", "whole number")]
    [InlineData("""{"fail_times": -1}""", "from 0")]
    [InlineData("""{"fail_rate": 1.1}""", "from 0 to 1")]
    [InlineData("""{"fail_rate": true}""", "true")]
    public void Flaky_BadParameter_SaysWhatIsExpected(string input, string says)
    {
        var agent = new FlakyAgent();

        Refusal.Of(agent, Invocations.Of(agent, stepInput: input), "bad_input", "'flaky'", says);
    }

    private static bool Fails(double rate, int attempt)
    {
        var agent = new FlakyAgent();
        var input = Json.From(new { fail_rate = rate }).ToString();
        var invocation = Invocations.Of(agent, stepInput: input, attempt: attempt);
        try
        {
            Invocations.Run(agent, invocation);
            return false;
        }
        catch (AgentException e) when (e.Code == "flaky")
        {
            return true;
        }
    }
}
