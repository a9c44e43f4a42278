using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

public sealed class AgentSetTests
{
    [Theory]
    [InlineData("a", true)]
    [InlineData("motion.v2", true)]
    [InlineData("c", true)]
    [InlineData("motion", false)]
    [InlineData("v2", false)]
    [InlineData("A", false)]
    [InlineData("a motion.v2", false)]
    [InlineData(" ", false)]
    public void Contains_WholeNamesOnly(string agent, bool expected)
    {
        var set = AgentSet.None.With("a").With("motion.v2").With("c").With("a");

        Assert.Equal(expected, set.Contains(agent));
        Assert.Equal("a motion.v2 c", set.Text);
        Assert.Equal(set, AgentSet.Parse(set.Text));
        Assert.False(AgentSet.None.Contains(agent));
    }

    [Fact]
    public void With_AnAgentThatIsThere_IsTheSameSet()
    {
        var set = AgentSet.None.With("a").With("b");

        Assert.Same(set, set.With("b"));
        Assert.Same(AgentSet.None, AgentSet.Parse(""));
    }

    [Fact]
    public void With_Events_TakesTheAgentOfEveryAttempt()
    {
        var decision = new RoutingDecision("queued", "a test", []);
        var set = AgentSet.None
            .With(new RunEvent.AttemptQueued("s", 0, 1, "queued", decision) { Time = default })
            .With(new RunEvent.AttemptStarted("s", 0, 1, "queued", "n", default) { Time = default })
            .With(new RunEvent.AttemptStarted("t", 0, 1, "started", "n", default, decision) { Time = default })
            .With(new RunEvent.RunCancelled("enough") { Time = default });

        Assert.Equal("queued started", set.Text);
    }

    [Fact]
    public void Agents_OfARun_AreThoseOfItsAttemptsAndStayThroughARetry()
    {
        var routing = new FakeRouting().With("first", "work").With("second", "other", slots: 1);
        routing.InUse["second"] = 1;
        var run = new RunScenario(
            """{"steps":{"a":{"agent":"first"},"b":{"agent":"second","needs":["a"]}}}""", routing);
        Assert.Same(AgentSet.None, run.State.Agents);

        run.Started();
        Assert.Equal("first", run.State.Agents.Text);
        run.Succeeds("a").Then("first:succeeded", "a:done", "second:queued");
        Assert.Equal("first second", run.State.Agents.Text);
        run.When(new RunInput.CancelRun("enough"));
        run.When(new RunInput.RetryRun("a"));

        Assert.Equal("first second", run.State.Agents.Text);
        Assert.Equal("first second", RunDetailsBuilder.Summarize(run.State).Agents?.Text);
    }
}
