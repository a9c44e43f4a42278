using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Durations;
using AgentGrid.Engine.Routing;
using AgentGrid.Engine.Slots;
using AgentGrid.Engine.Telemetry;
using AgentGrid.Engine.Tests.Durations;

namespace AgentGrid.Engine.Tests.Routing;

/// <summary>Who would be asked, by what is known of agents; and how they failed last.</summary>
public sealed class DryRunTests
{
    private readonly LearnedDurations _learned = new();
    private readonly SlotTable _slots = new();
    private int _started;

    public DryRunTests()
    {
        _slots.PutNode(new NodeState { Name = FakeRouting.Node, Labels = Labels.Of(("zone", "eu")) });
        _slots.Configure(new GridConfig
        {
            Agents = ImmutableSortedDictionary<string, AgentConfig>.Empty
                .Add("slow", new AgentConfig { Name = "slow", Capabilities = ["work"], Priority = 9, Timeout = TimeSpan.FromSeconds(60) })
                .Add("other", new AgentConfig { Name = "other", Capabilities = ["work"], Timeout = TimeSpan.FromSeconds(60) }),
        });
    }

    [Fact]
    public void Of_AHundredAttemptsOverTheTime_OthersComeFirst()
    {
        Learn(99 + 1); // one of them is cold
        Assert.Equal("slow", Ask(TimeSpan.FromSeconds(5)).Agent);

        Learn(1);

        var late = Ask(TimeSpan.FromSeconds(5));
        Assert.Equal("other", late.Agent);
        Assert.Matches("^the next candidate would be late: its p99 8(\\.\\d+)? s is over the 5 s that are left$", late.Why);
        Assert.Equal("slow", Ask(TimeSpan.FromSeconds(9)).Agent);
        Assert.Equal("slow", Ask(null).Agent); // its timeout is 60 s
        Assert.Matches("p99 8.* is over", DryRun.Of(new RouteQuery([], "slow") { Within = TimeSpan.FromSeconds(1) }, _slots, _learned).Why);
    }

    [Fact]
    public void Of_ALabelOfTheNode_IsWhatTheAgentsHave() => Assert.Equal(
        "prefers zone=eu: matches; highest priority",
        DryRun.Of(new RouteQuery(["work"], Prefer: Labels.Of(("zone", "eu"))), _slots, _learned).Why);

    [Fact]
    public void RouteQuery_ThroughJson_IsTheSame()
    {
        var query = new RouteQuery(["work"], Prefer: Labels.Of(("zone", "eu"))) { Within = TimeSpan.FromSeconds(1.5) };

        var read = Json.From(query).To<RouteQuery>()!;

        Assert.Equal((query.Within, query.Prefer, "work"), (read.Within, read.Prefer, Assert.Single(read.Capabilities)));
    }

    [Fact]
    public void Statistics_KeepTheLastFailureOnEachNode()
    {
        var statistics = new AgentStatistics();
        for (var i = 0; i < AgentFailure.Most + 5; i++)
        {
            Fail(statistics, i % 2 == 0 ? ErrorKind.Timeout : ErrorKind.Error, new string('m', 1_000 + i));
        }

        var failure = Assert.Single(statistics.Of("other").LastFailures);
        Assert.Equal((FakeRouting.Node, ErrorKind.Timeout, "code", "a", 1), (failure.Node, failure.Kind, failure.Code, failure.Step, failure.Attempt));
        Assert.Equal("System.IO.IOException", failure.Type);
        Assert.Equal(AgentFailure.LongestMessage + 3, failure.Message.Length);
        Assert.Equal((13, 12), (statistics.Of("other").TimedOut, statistics.Of("other").Failed));
        Assert.Empty(statistics.Of("slow").LastFailures);
    }

    private static void Fail(AgentStatistics statistics, ErrorKind kind, string message)
    {
        var run = new ObservedRun(null, """{"steps":{"a":{"agent":"other"}}}""", new FakeRouting().With("other", "work"), ObservedRun.Start);
        var input = new RunInput.FailAttempt("a", 1, new RunError(kind, "code", message) { Type = "System.IO.IOException" });
        foreach (var e in RunMachine.Decide(run.State, input, run.Now, run.Routing, RunLimits.Default).Events)
        {
            statistics.Record(run.State, e);
        }
    }

    private RoutingDecision Ask(TimeSpan? within) => DryRun.Of(new RouteQuery(["work"]) { Within = within }, _slots, _learned);

    private void Learn(int runs)
    {
        var agents = new FakeRouting().With("slow", "work", slots: 1_000, timeout: TimeSpan.FromSeconds(60));
        for (var i = 0; i < runs; i++)
        {
            new ObservedRun(_learned, """{"steps":{"a":{"agent":"slow"}}}""", agents, ObservedRun.Start.AddSeconds(10 * _started++)).After(8).Succeeds("a");
        }
    }
}
