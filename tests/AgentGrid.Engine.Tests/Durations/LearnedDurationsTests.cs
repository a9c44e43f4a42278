using AgentGrid.Core.Runs;
using AgentGrid.Engine.Durations;

namespace AgentGrid.Engine.Tests.Durations;

public sealed class LearnedDurationsTests
{
    private const string Pair = """{"steps":{"a":{"agent":"fast","timeout":"60s"},"b":{"needs":["a"],"agent":"slow"}}}""";

    private readonly LearnedDurations _learned = new();
    private readonly FakeRouting _routing = new FakeRouting()
        .With("fast", "work", slots: 100_000, priority: 1, timeout: TimeSpan.FromSeconds(100))
        .With("slow", "work", slots: 100_000, timeout: TimeSpan.FromSeconds(100));
    private DateTimeOffset _now = ObservedRun.Start;

    [Fact]
    public void Of_NothingHasEnded_IsNull()
    {
        var run = Run(Pair);

        Assert.Null(_learned.Of("plan", "a", "fast"));
        Assert.Null(_learned.Of("other", "a", "fast"));
        Assert.Null(_learned.OfAgent("fast"));
        Assert.Null(Paths(_learned.Of(run.State)));
    }

    [Fact]
    public void Of_AttemptsThatSucceeded_KnowsThemByPlanStepAndAgent()
    {
        RunPair(9, 9); // cold
        RunPair(1, 2);
        RunPair(1, 2);
        RunPair(1, 4);

        Assert.Equal(3, _learned.Of("plan", "a", "fast")!.Value.Count);
        Near(1, _learned.Of("plan", "a", "fast")!.Value.P99);
        Near(2, _learned.Of("plan", "b", "slow")!.Value.P50);
        Near(4, _learned.Of("plan", "b", "slow")!.Value.P95);
        Near(4, _learned.OfAgent("slow")!.Value.P99);
        Near(4, _learned.OfAgent("slow", FakeRouting.Node)!.Value.P99);
        Assert.Null(_learned.OfAgent("slow", "another node"));
        Assert.Null(_learned.Of("plan", "a", "slow"));
        Assert.Null(_learned.Of("plan", "c", "slow"));
    }

    [Fact]
    public void Of_ColdStart_CountsApart()
    {
        // Two at once: the second waits for the model beside the first.
        var (first, second) = (Run(Pair), Run(Pair));
        first.After(30).Succeeds("a");
        second.After(31).Succeeds("a");
        _now += TimeSpan.FromSeconds(31);
        Run(Pair).After(1).Succeeds("a");

        Assert.Equal(1, _learned.OfAgent("fast")!.Value.Count);
        Near(1, _learned.OfAgent("fast")!.Value.P99);
        Assert.Equal(2, _learned.OfColdAgent("fast")!.Value.Count);
        Near(31, _learned.OfColdAgent("fast")!.Value.P99);
        Near(1, _learned.Of("plan", "a", "fast")!.Value.P99);
    }

    [Fact]
    public void Of_NodeWasLost_TheNextAttemptIsColdAgain()
    {
        RunPair(9, 9);
        var run = Run(Pair);
        run.When(new RunInput.LoseAttempt("a", 1, "its node is gone"));
        run.After(30).Succeeds("a");

        Assert.Null(_learned.OfAgent("fast"));
        Assert.Equal(2, _learned.OfColdAgent("fast")!.Value.Count);
    }

    [Fact]
    public void Of_FailuresAndCancelledRuns_DoNotCount()
    {
        RunPair(1, 1);
        var failed = Run(Pair);
        failed.After(0.1).When(new RunInput.FailAttempt("a", 1, new RunError(ErrorKind.Error, "x", "it broke", Retryable: false)));
        var cancelled = Run(Pair);
        cancelled.After(0.1).When(new RunInput.CancelRun("enough"));

        Assert.Null(_learned.OfAgent("fast"));
    }

    [Fact]
    public void Of_TimeoutsAndLosersOfRaces_CountWithTheTimeThatTheyHad()
    {
        const string race = """{"steps":{"a":{"capability":"work","mode":"race","hedge_after":"0s","timeout":"60s","on_none":"skip"}}}""";
        RunPair(1, 1);
        Run(race).After(5).Succeeds("a", 2);
        var lost = Run(race).After(5).Succeeds("a", 2);
        var late = Run(Pair);
        late.After(60);

        Assert.Equal(RunStatus.Failed, late.State.Status);
        Assert.Equal(AttemptStatus.Cancelled, lost.State["a"].Attempts[0].Status);
        Near(5, _learned.OfAgent("fast")!.Value.P50);
        Near(60, _learned.OfAgent("fast")!.Value.P99);
        Assert.Equal(3, _learned.OfAgent("fast")!.Value.Count);
        // The work of the step is what the winner did, and a step that failed has done none.
        Near(5, TimeSpan.FromSeconds(Paths(_learned.Of(lost.State))![0]));
    }

    [Fact]
    public void Paths_EveryStepHasRun_AddUpWhatTheyTook()
    {
        RunPair(9, 9);
        RunPair(1, 4);
        var paths = Paths(_learned.Of(Run(Pair).State))!;

        Assert.InRange(paths[1], 3.8, 4.2);
        Assert.InRange(paths[0], 4.75, 5.25);
    }

    [Fact]
    public void Paths_OfOneRun_StayWhileMoreIsLearned()
    {
        RunPair(9, 9);
        RunPair(1, 4);
        var state = Run(Pair).State;
        var before = Paths(_learned.Of(state))!;
        double[] copy = [.. before];
        for (var i = 0; i < 300; i++)
        {
            RunPair(1, 40);
        }

        Assert.Equal(copy, before);
        Assert.InRange(Paths(_learned.Of(state))![1], 38, 42);
    }

    [Fact]
    public void Paths_StepThatHasNotRun_NeedsTheShareOfItsTimeoutThatItsAgentNeedsElsewhere()
    {
        RunPair(9, 9);
        RunPair(6, 3); // of 60 s and of 30 s, which is the default
        var other = Run("""{"steps":{"x":{"agent":"fast","timeout":"10s"},"y":{"agent":"fast","timeout":"20s"},"z":{"agent":"best"}}}""", "other");
        var plan = other.State.Plan;
        var paths = Paths(_learned.Of(other.State))!;

        Assert.InRange(paths[plan.IndexOf("x")], 0.9, 1.1);
        Assert.InRange(paths[plan.IndexOf("y")], 1.8, 2.2);
        Assert.InRange(paths[plan.IndexOf("z")], 2.7, 3.3); // nothing is known of its agent: as any
    }

    [Fact]
    public void Paths_NothingIsKnownOfWhatItAsks_IsNull()
    {
        RunPair(9, 9);
        RunPair(6, 3);

        Assert.Null(Paths(_learned.Of(Run("""{"steps":{"x":{"agent":"best"}}}""", "other").State)));
    }

    [Fact]
    public void Paths_Fan_TheLongestBranchCounts()
    {
        const string all = """{"steps":{"a":{"capability":"work","mode":"all"}}}""";
        RunPair(9, 9);
        var run = Run(all);
        run.After(1).Succeeds("a");
        run.After(6).Succeeds("a", 2);

        Assert.InRange(Paths(_learned.Of(run.State))![0], 6.6, 7.4);
    }

    [Fact]
    public void Paths_Wait_CountsAsLongAsItTook()
    {
        const string waits = """{"steps":{"w":{"approve":{"title":"ok?"}}}}""";
        Run(waits).After(100).When(new RunInput.ReceiveSignal("w", Json.Parse("""{"approved":true}"""), null, null));

        Assert.InRange(Paths(_learned.Of(Run(waits).State))![0], 95, 105);
    }

    [Fact]
    public void Of_PlanIsEdited_KeepsWhatIsKnownOfItsSteps()
    {
        RunPair(9, 9);
        RunPair(1, 4);
        var edited = Run("""{"steps":{"b":{"agent":"slow"},"a":{"agent":"slow"},"c":{"agent":"fast"}}}""").State;
        var paths = Paths(_learned.Of(edited))!;

        Assert.InRange(paths[edited.Plan.IndexOf("b")], 3.8, 4.2);
        Assert.Equal(1, _learned.Of("plan", "b", "slow")!.Value.Count);
        Assert.Null(_learned.Of("plan", "a", "fast")); // another agent does it now
    }

    [Fact]
    public void Of_InlinePlans_AreKnownByWhatTheySay()
    {
        RunPair(9, 9);
        var run = Run(Pair, "mine", isInline: true);
        run.After(1).Succeeds("a");

        Assert.Null(_learned.Of("mine", "a", "fast"));
        Assert.Equal(1, _learned.Of("mine", "a", "fast", run.State.Plan.Version)!.Value.Count);
        Assert.Null(_learned.Of("mine", "a", "fast", "another"));
    }

    [Fact]
    public void Of_MoreStepsThanThereIsRoomFor_ForgetsThePlanThatRanLongestAgo()
    {
        var learned = new LearnedDurations(mostSteps: 20);
        for (var i = 0; i < 1_000; i++)
        {
            _ = learned.Of(Run(Pair, $"plan{i}", learned: learned).State);
            _ = learned.Of(Run(Pair, "always", learned: learned).State);
        }

        Assert.InRange(learned.Plans, 2, 10);
        var run = Run(Pair, "always", learned: learned);
        run.After(1).Succeeds("a");
        _ = Run(Pair, "always", learned: learned).After(2).Succeeds("a");
        Assert.NotNull(learned.OfColdAgent("fast"));
    }

    [Fact]
    public void Record_WhatIsKnown_AllocatesNothing()
    {
        RunPair(9, 9);
        RunPair(1, 4);
        var run = Run(Pair);
        var succeeded = RunMachine.Decide(
            run.State, new RunInput.CompleteAttempt("a", 1, Json.EmptyObject), _now + TimeSpan.FromSeconds(1), _routing, RunLimits.Default);
        var plan = _learned.Of(run.State);
        Record(plan, run.State, succeeded.Events);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++)
        {
            _ = _learned.Of(run.State);
            Record(plan, run.State, succeeded.Events);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000);
    }

    private static void Record(PlanDurations plan, RunState run, IReadOnlyList<RunEvent> events)
    {
        for (var i = 0; i < events.Count; i++)
        {
            plan.Record(run, events[i]);
        }
    }

    private double[]? Paths(PlanDurations durations) => durations.Order(_routing)?.Paths;

    private static void Near(double seconds, TimeSpan found) => Assert.InRange(found.TotalSeconds, seconds * 0.95, seconds * 1.05);

    private void RunPair(double first, double second)
    {
        var run = Run(Pair);
        run.After(first).Succeeds("a").After(second).Succeeds("b");
        Assert.Equal(RunStatus.Completed, run.State.Status);
        _now = run.Now;
    }

    private ObservedRun Run(string plan, string name = "plan", bool isInline = false, LearnedDurations? learned = null) =>
        new(learned ?? _learned, plan, _routing, _now, name, isInline);
}
