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
    public void With_ManyThreadsAndOrders_HasTheNamesInTheOrderOfThatThread()
    {
        var agents = Enumerable.Range(0, 200).Select(i => $"agent-{i}").ToArray();
        Parallel.For(0, 64, i =>
        {
            var mine = (agents[..(1 + (i * 3))]).Skip(i % 3).Concat(agents.Take(i % 3)).ToArray();
            var set = AgentSet.None;
            foreach (var agent in mine.Concat(mine))
            {
                set = set.With(agent);
            }
            Assert.Equal(string.Join(' ', mine.Distinct()), set.Text);
        });
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
