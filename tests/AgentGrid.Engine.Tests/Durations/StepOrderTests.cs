using AgentGrid.Bench.Workflow;
using AgentGrid.Core.Routing;
using AgentGrid.Engine.Durations;

namespace AgentGrid.Engine.Tests.Durations;

public sealed class StepOrderTests
{
    private readonly LearnedDurations _learned = new();
    private readonly FakeRouting _routing = new FakeRouting().With("worker", "work", slots: 2);

    // The longest paths begin with a and b, and so e comes last of all, on a slot of its own.
    private readonly SimulatedWorkflow _uneven = Simulated(
        ("a", 4, []), ("b", 3, []), ("c", 9, [1]), ("d", 7, [0, 1]), ("e", 8, []));

    [Fact]
    public void Order_LongestPathIsBest_IsThat()
    {
        var plain = Simulated(("a", 1, []), ("b", 1, []), ("c", 1, []), ("d", 1, [2]));
        Learn(plain);

        var order = _learned.Of(plain.Plan, isInline: false).Order(_routing)!;

        Assert.Equal(UrgencyKind.LongestPath, order.By);
        var urgency = order.Of(plain.Plan.IndexOf("c"));
        Assert.InRange(urgency.Seconds, 1.95, 2.05);
        Assert.Equal(urgency.Seconds, urgency.Rank);
        Assert.True(order.Of(plain.Plan.IndexOf("a")).Rank < urgency.Rank);
        Assert.Matches("^2(.0)? s of work behind it$", urgency.InWords());
        Assert.Equal(2_000, plain.Run(_learned, null, static t => t.Ms));
    }

    [Fact]
    public void Order_AnotherEndsClearlyEarlier_IsThat()
    {
        Learn(_uneven);

        var order = _learned.Of(_uneven.Plan, isInline: false).Order(_routing)!;

        Assert.Equal(UrgencyKind.LongestStep, order.By);
        Assert.InRange(order.Of(_uneven.Plan.IndexOf("e")).Rank, 7.8, 8.2);
        Assert.EndsWith(" s of work in it", order.Of(_uneven.Plan.IndexOf("e")).InWords(), StringComparison.Ordinal);
        Assert.Equal(16_000, _uneven.Run(_learned, null, static t => t.Ms));
        // By the longest paths it is later.
        Assert.Equal(19_000, _uneven.Run(null, t => t.Id switch { "a" => 11, "b" => 12, "c" => 9, "d" => 7, _ => 8 }, static t => t.Ms));
    }

    [Fact]
    public void Order_OtherSlotsAreFree_IsTheLongestPath()
    {
        Learn(_uneven);
        var known = _learned.Of(_uneven.Plan, isInline: false);
        Assert.Equal(UrgencyKind.LongestStep, known.Order(_routing)!.By);

        _routing.InUse["worker"] = 1;

        Assert.Equal(UrgencyKind.LongestPath, known.Order(_routing)!.By);
    }

    [Fact]
    public void Order_LargePlan_IsNotRehearsed()
    {
        var many = Enumerable.Range(0, Rehearsal.MostSteps).Select(i => ($"x{i}", 8.0, Array.Empty<int>()));
        var large = Simulated([("a", 4, []), ("b", 3, []), ("c", 9, [1]), ("d", 7, [0, 1]), .. many]);
        Learn(large);

        Assert.Equal(UrgencyKind.LongestPath, _learned.Of(large.Plan, isInline: false).Order(_routing)!.By);
    }

    private void Learn(SimulatedWorkflow workflow)
    {
        for (var i = 0; i < 3; i++)
        {
            _ = workflow.Run(_learned, null, static t => t.Ms);
        }
    }

    private static SimulatedWorkflow Simulated(params (string Id, double Seconds, int[] Parents)[] tasks) => new(
        new WorkflowInstance("plan", [.. tasks.Select(t => new WorkflowTask(t.Id, t.Seconds * 1_000, [.. t.Parents]))]), slots: 2,
        static _ => 60_000);
}
