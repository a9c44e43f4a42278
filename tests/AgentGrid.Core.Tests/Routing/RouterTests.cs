using AgentGrid.Core.Agents;
using AgentGrid.Core.Routing;

namespace AgentGrid.Core.Tests.Routing;

public sealed class RouterTests
{
    private static AgentLoad Agent(string name, int priority = 0, int slots = 10, int running = 0, int waiting = 0) =>
        new(new AgentConfig { Name = name, Priority = priority, MaxConcurrency = slots }, running, waiting, slots - running);

    [Fact]
    public void Rank_FreeSlotsThenPriorityThenLoadThenName()
    {
        var ranked = Router.Rank(
        [
            Agent("b"), Agent("a"), Agent("loaded", running: 5), Agent("important", priority: 1, running: 9),
            Agent("full", priority: 1000, slots: 1, running: 1), Agent("overfull", priority: 1000, slots: 1, running: 1, waiting: 9),
            Agent("lowest", priority: -1000),
        ]);

        Assert.Equal(["important", "a", "b", "loaded", "lowest", "full", "overfull"], ranked.Select(c => c.Agent));
    }

    [Theory]
    [InlineData(1, 0, "highest priority")]
    [InlineData(0, 1, "least loaded of equal priority")]
    [InlineData(0, 0, "first by name among equals")]
    public void Best_SaysWhatDecided(int priority, int otherRunning, string why) =>
        Assert.Equal(why, Router.Best([Agent("a", priority), Agent("b", running: otherRunning)], "'x'").Why);

    [Fact]
    public void Candidates_InWords_SayWhatTheScoreIsMadeOf()
    {
        AgentLoad[] agents =
        [
            Agent("idle", priority: 10, slots: 4, running: 1), Agent("last", slots: 8, running: 7),
            Agent("important", priority: 1000, slots: 1, running: 1, waiting: 1),
            Agent("queued", priority: -1000, slots: 3) with { FreeSlots = 0, Full = "its queue is full" },
            Agent("drained", priority: 1000) with { Drained = true },
            Agent("lost") with { Note = "no node has a GPU" },
        ];

        Assert.Equal(
            [
                "3 free slots, priority 10, load 0.25", "1 free slot, priority 0, load 0.875",
                "no slot is free, priority 1000, load 2", "its queue is full, priority -1000, load 0",
                "it is drained, priority 1000, load 0", "no node has a GPU, priority 0, load 0",
            ],
            Router.Rank(agents).Select(c => c.InWords()));
    }

    [Fact]
    public void Best_OverItsRateLimit_IsAsOneThatIsFull()
    {
        var limited = Agent("limited", priority: 5) with
        {
            FreeSlots = 0,
            Full = new RateState(0, TimeSpan.FromSeconds(2.31)).InWords(),
        };

        var decision = Router.Best([limited, Agent("other")], "'x'");

        Assert.Equal("other", decision.Agent);
        Assert.Equal("rate limit: next in 2.4 s, priority 5, load 0", decision.Candidates[1].InWords());
        Assert.Equal("the only candidate; waits, as rate limit: next in 2.4 s", Router.Best([limited], "'x'").Why);
    }

    [Fact]
    public void Best_Failing_ComesAfterThoseThatAreFullAndBeforeThoseThatAreDrained()
    {
        var failing = Agent("failing", priority: 1000) with { Failing = new FailingState(5, IsOpen: true, TimeSpan.FromSeconds(11.2)) };
        var full = Agent("full", priority: -1000, slots: 1, running: 1, waiting: 2000);
        var drained = Agent("drained", priority: 1000) with { Drained = true, FreeSlots = 0 };

        var decision = Router.Best([failing, drained, full], "'x'");
        Assert.Equal(["full", "failing", "drained"], decision.Candidates.Select(c => c.Agent));
        Assert.Equal("waits for a slot; the next candidate is failing", decision.Why);
        Assert.Equal("failing: 5 in a row, next try in 12 s, priority 1000, load 0", decision.Candidates[1].InWords());

        Assert.Equal("the next candidate is failing", Router.Best([failing, Agent("free")], "'x'").Why);
        Assert.Equal("the only candidate; failing: 5 in a row, next try in 12 s", Router.Best([failing], "'x'").Why);
        Assert.Equal("has a free slot, the next candidate has none", Router.Best([failing, drained], "'x'").Why);
        var other = failing with { Agent = failing.Agent with { Name = "other", Priority = 1 } };
        Assert.Equal("highest priority; all of them are failing", Router.Best([failing, other], "'x'").Why);
    }

    [Fact]
    public void Best_WouldBeLate_ComesAfterThoseThatCouldStartAndMakeIt()
    {
        var late = Late("late", priority: 1000);

        var decision = Router.Best([late, Agent("other", priority: -1000)], "'x'");

        Assert.Equal(("other", "the next candidate would be late: its p99 8.2 s is over the 5 s that are left"), (decision.Agent, decision.Why));
        Assert.Equal("10 free slots, priority 1000, load 0, p99 8.2 s is over the 5 s that are left", decision.Candidates[1].InWords());
        // Whoever waits uses up what is left: one that is free comes before one that is full, and one that is full before one that is both.
        Assert.Equal("late", Router.Best([late, Agent("full", 1000, slots: 1, running: 1)], "'x'").Agent);
        Assert.Equal(
            ["full", "fullAndLate", "failing"],
            Router.Rank(
            [
                Late("failing", priority: 1000) with { Failing = new FailingState(5, IsOpen: true, TimeSpan.FromSeconds(9)) },
                Late("fullAndLate", priority: 1000) with { FreeSlots = 0 }, Agent("full", -1000, slots: 1, running: 1, waiting: 2000),
            ]).Select(static c => c.Agent));
    }

    [Fact]
    public void Best_AllWouldBeLate_IsAsWithout()
    {
        var decision = Router.Best([Late("a"), Late("b", priority: 1)], "'x'");

        Assert.Equal(("b", "highest priority; p99 8.2 s is over the 5 s that are left"), (decision.Agent, decision.Why));
        Assert.Equal("the only candidate; p99 8.2 s is over the 5 s that are left", Router.Best([Late("a")], "'x'").Why);
    }

    [Theory]
    [InlineData(5.001, 5, "p99 5.01 s is over the 5 s that are left")]
    [InlineData(0.8201, 0.5, "p99 0.821 s is over the 0.5 s that are left")]
    [InlineData(5, 5, null)]
    [InlineData(1, -3, "p99 1 s is over the 0 s that are left")]
    public void Lateness_IsWhatIsOverTheTimeThatIsLeft(double p99, double left, string? words) =>
        Assert.Equal(words, Lateness.Of(TimeSpan.FromSeconds(p99), TimeSpan.FromSeconds(left))?.InWords());

    [Fact]
    public void Best_FailsOnSomeOfItsNodes_IsAskedAndSaysSo()
    {
        var failing = new NodeFailing("gpu1", new FailingState(5, IsOpen: true, TimeSpan.FromSeconds(12)));
        var tried = new NodeFailing("gpu0", new FailingState(4, IsOpen: false, TimeSpan.Zero));
        var ill = Agent("ill", priority: 1) with { FailingNodes = [tried, failing] };

        Assert.Equal("ill", Router.Best([Agent("other"), ill], "'x'").Agent);
        Assert.Equal(
            "10 free slots, priority 1, load 0, on node 'gpu1' failing: 5 in a row, next try in 12 s", Router.Rank([ill])[0].InWords());
        Assert.Equal(
            "the only candidate; waits, as its slots are taken; on node 'gpu1' failing: 5 in a row, next try in 12 s",
            Router.Best([ill with { FreeSlots = 0, Full = "its slots are taken" }], "'x'").Why);
    }

    private static AgentLoad Late(string name, int priority = 0) =>
        Agent(name, priority) with { Late = Lateness.Of(TimeSpan.FromSeconds(8.2), TimeSpan.FromSeconds(5)) };

    [Fact]
    public void Best_FailingThatMayBeTriedAgain_IsAsAnyOther()
    {
        var failing = Agent("failing", priority: 1) with { Failing = new FailingState(5, IsOpen: true, TimeSpan.Zero) };

        Assert.Equal("failing", Router.Best([Agent("other"), failing], "'x'").Agent);
        Assert.Equal("failing: 5 in a row, next try now", failing.Failing!.Value.InWords());
        Assert.False((failing with { Failing = new FailingState(4, IsOpen: false, TimeSpan.Zero) }).IsAvoided);
    }

    [Fact]
    public void Best_FullPrimary_GoesToTheOneWithAFreeSlotAndSaysSo()
    {
        var decision = Router.Best([Agent("primary", 10, slots: 1, running: 1), Agent("backup")], "'x'");

        Assert.Equal("backup", decision.Agent);
        Assert.Equal("has a free slot, the next candidate has none", decision.Why);
        Assert.Equal("no slot is free", decision.Candidates[1].Note);
    }

    [Fact]
    public void Best_TheOnlyOneCannotStartIt_SaysWhatItWaitsFor()
    {
        var full = Agent("full", slots: 1, running: 1);

        Assert.Equal("the only candidate; waits, as no slot is free", Router.Best([full], "'x'").Why);
        Assert.Equal(
            "the only candidate; waits, as its queue is full", Router.Best([full with { Full = "its queue is full" }], "'x'").Why);
        Assert.Equal("the only candidate; waits, as it is drained", Router.Best([full with { Drained = true }], "'x'").Why);
    }

    [Fact]
    public void Best_Nobody_HasNoAgentAndAReason()
    {
        var decision = Router.Best([], "'dancing'");

        Assert.Null(decision.Agent);
        Assert.Contains("'dancing'", decision.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Rank_NoNodeCanRunTheMostPreferred_ItComesLastAndSaysWhy()
    {
        var stranded = Agent("stranded", priority: 1000, slots: 1, running: 1) with { Note = "no node serves queue 'gpu'" };

        var decision = Router.Best([stranded, Agent("full", slots: 1, running: 1)], "'x'");

        Assert.Equal(["full", "stranded"], decision.Candidates.Select(c => c.Agent));
        Assert.Equal("no node serves queue 'gpu'", decision.Candidates[1].Note);
        Assert.Equal("waits for a slot; the next candidate cannot run anywhere", decision.Why);
        Assert.Equal(
            "the only candidate; waits, as no node serves queue 'gpu'", Router.Best([stranded], "'x'").Why);
    }

    [Fact]
    public void Load_SlotsOnSeveralNodes_IsPerSlotOfAll() =>
        Assert.Equal(0.5, (Agent("a", slots: 4, running: 5, waiting: 1) with { Slots = 12 }).Load);
}
