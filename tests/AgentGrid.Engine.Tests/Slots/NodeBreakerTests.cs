using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Slots;
using AgentGrid.Engine.Tests.Invocations;

namespace AgentGrid.Engine.Tests.Slots;

/// <summary>Agents that fail on some of their nodes: the others are asked first, and the agent is as good as ever elsewhere.</summary>
public sealed class NodeBreakerTests : IDisposable
{
    private static readonly BreakerPolicy s_policy = new(3, TimeSpan.FromSeconds(30));

    private readonly ManualTime _time = new();
    private readonly BenchLog _log = new();
    private readonly SlotTable _table;

    public NodeBreakerTests()
    {
        _table = new SlotTable(_time, new AtOnce(), _log);
        _table.PutNode(new NodeState { Name = "bad" });
        _table.PutNode(new NodeState { Name = "good" });
        var agent = new AgentConfig { Name = "a", Breaker = s_policy, MaxConcurrency = 2, Capabilities = ["work"] };
        _table.Configure(new GridConfig { Agents = ImmutableSortedDictionary<string, AgentConfig>.Empty.Add("a", agent) });
    }

    public void Dispose() => _table.Dispose();

    private AgentLoad Load => _table.Named("a")!.Value;

    [Fact]
    public void Report_FailuresOnOneNode_OthersAreAskedFirstAndTheAgentIsNotDemoted()
    {
        Fail("bad", 3);

        Assert.False(Load.IsAvoided);
        Assert.Equal(new NodeFailing("bad", new FailingState(3, IsOpen: true, TimeSpan.FromSeconds(30))), Assert.Single(Load.FailingNodes!));
        Assert.Equal(2, Load.FreeSlots);
        Assert.Equal(3, Assert.Single(_table.Nodes()[0].Failing).InARow);
        Assert.Empty(_table.Nodes()[1].Failing);
        Assert.Equal(
            ["Warning: Agent 'a' has failed 3 times in a row on node 'bad': other nodes are asked first, and it is tried there again in 30 s"],
            _log.Lines);

        var placement = _table.TryTake("a", near: "bad")!.Placement;
        Assert.Equal(("good", "the only node with a free slot"), (placement.Node, placement.Why));
        Assert.Equal("failing: 3 in a row, next try in 30 s, load 0", placement.Candidates[1].InWords());
    }

    [Fact]
    public void Report_MoreFailuresOnThatNode_NeverCountForTheAgent()
    {
        Fail("bad", 100);
        Assert.False(Load.IsAvoided);

        // Five more than on the one node: two were too few.
        Fail("good", 2);
        Assert.False(Load.IsAvoided);
        Fail("good", 1);
        Assert.Equal((true, 103), (Load.IsAvoided, Load.Failing!.Value.InARow));
        Assert.Equal(4, Load.FreeSlots); // nowhere is better than anywhere else
    }

    [Fact]
    public void Report_AFewFailuresOnManyNodes_TheAgentIsFailing()
    {
        _table.PutNode(new NodeState { Name = "third" });
        foreach (var node in (string[])["bad", "good", "third", "good"])
        {
            Fail(node, 1);
        }

        // Four, and two of them on one node.
        Assert.False(Load.IsAvoided);
        Fail("third", 1);
        Assert.True(Load.IsAvoided);
        Assert.All(Load.FailingNodes!, static n => Assert.False(n.State.IsOpen));

        Succeed("good");
        Assert.Null(Load.Failing);
    }

    [Fact]
    public void Wait_TheOtherNodeIsFull_ItIsWaitedForUntilTheNextTry()
    {
        Fail("bad", 3);
        var first = _table.TryTake("a");
        _table.TryTake("a");
        Assert.Null(_table.TryTake("a"));
        var told = new List<(string Node, double At)>();
        var (second, third) = (Wait(told), Wait(told));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Empty(told);

        _table.Release(first!);
        Assert.Equal([("good", 10)], told);
        _time.Advance(TimeSpan.FromSeconds(60));

        // One finds out. What it comes to is not known yet: the next one does so after another 30 s.
        Assert.Equal([("good", 10), ("bad", 30)], told);
        var fourth = Wait(told);
        Assert.Equal(("bad", 70), told[^1]);
        Assert.Null(_table.TryTake("a"));
        Succeed("bad");
        Assert.NotNull(second.Granted);
        Assert.NotNull(third.Granted);
        _table.Release(fourth.Granted!);
        Assert.NotNull(_table.TryTake("a"));
        Assert.Equal("Information: Agent 'a' works on node 'bad' again", _log.Lines.Last());
    }

    [Fact]
    public void TryTake_ItIsTheOnlyPlace_IsAskedAllTheSame()
    {
        Fail("bad", 3);
        _table.PutNode(new NodeState { Name = "good", Draining = true });
        Assert.True(Load.IsAvoided); // there is no other node

        Assert.Equal("bad", _table.TryTake("a")!.Node);
        Assert.Equal("bad", _table.TryTake("a")!.Node);

        _table.PutNode(new NodeState { Name = "good" });
        Assert.Equal("good", _table.TryTake("a")!.Node);
        Assert.False(Load.IsAvoided);
    }

    [Fact]
    public void RemoveNode_ItComesBack_NothingIsHeldAgainstIt()
    {
        Fail("bad", 3);
        _table.RemoveNode("bad");
        _table.Report("a", "bad", hasFailed: true);
        _table.PutNode(new NodeState { Name = "bad" });

        Assert.Null(Load.FailingNodes);
        Assert.Equal(4, Load.FreeSlots);
    }

    [Fact]
    public void Wait_PreferredNode_IsTakenWhileItHasASlot()
    {
        _table.PutNode(new NodeState { Name = "good", Labels = Labels.Of(("zone", "eu")) });
        Assert.Equal("zone:eu", Assert.Single(Load.NodeLabels!).ToString());
        var told = new List<(string Node, double At)>();
        var prefer = LabelPreference.Of(Labels.Of(("zone", "eu")))!;
        for (var i = 0; i < 3; i++)
        {
            Wait(told, prefer);
        }
        Assert.Equal(["good", "good", "bad"], told.Select(static t => t.Node));

        // Where the agent fails, it is not preferred.
        Fail("good", 3);
        Assert.Null(Load.NodeLabels);
    }

    private SlotRequest Wait(List<(string Node, double At)> told, LabelPreference? prefer = null)
    {
        var request = new SlotRequest("a", 0, DateTimeOffset.MaxValue, new Waiter(this, told)) { Prefer = prefer };
        _table.Wait(request);
        return request;
    }

    private void Fail(string node, int times)
    {
        for (var i = 0; i < times; i++)
        {
            _table.Report("a", node, hasFailed: true);
        }
    }

    private void Succeed(string node) => _table.Report("a", node, hasFailed: false);

    private sealed class Waiter(NodeBreakerTests test, List<(string Node, double At)> told) : ISlotWaiter
    {
        public void OnGranted(TakenSlot slot) => told.Add((slot.Node, test._time.Passed.TotalSeconds));

        public void OnDrained()
        {
        }

        public void OnAgentGone()
        {
        }
    }
}
