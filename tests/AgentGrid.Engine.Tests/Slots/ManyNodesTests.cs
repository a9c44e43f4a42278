using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Grid;
using AgentGrid.Engine.Slots;

namespace AgentGrid.Engine.Tests.Slots;

/// <summary>The slot table of a cluster.</summary>
public sealed class ManyNodesTests
{
    private const long Gigabyte = 1L << 30;

    private readonly SlotTable _table = new();
    private readonly TakenSlots _taken;
    private readonly List<string> _told = [];

    public ManyNodesTests() => _taken = new TakenSlots(_table);

    [Fact]
    public void TryTake_TwoNodes_LimitsHoldPerNodeAndLoadIsSpread()
    {
        Configure(null, Agent("a", slots: 2));
        Put("n1", "n2");

        Assert.Equal(["n1", "n2", "n1", "n2", null], Enumerable.Range(0, 5).Select(_ => _taken.TryTake("a")?.Node));

        Assert.Equal((4, 0, 1.0), (_table.Named("a")!.Value.Running, _table.Named("a")!.Value.FreeSlots, _table.Named("a")!.Value.Load));
        _taken.Release("a", "n2");
        Assert.Equal("n2", _taken.TryTake("a")?.Node);
    }

    [Fact]
    public void TryTake_QueueLimit_HoldsPerNode()
    {
        Configure(queueSlots: 1, Agent("a", slots: 5), Agent("b", slots: 5));
        Put("n1", "n2");

        Assert.Equal("n1", _taken.TryTake("a")?.Node);
        Assert.Equal("n2", _taken.TryTake("b")?.Node);
        Assert.Null(_taken.TryTake("a"));
    }

    [Fact]
    public void TryTake_LimitOfTheWholeCluster_IsExact()
    {
        Configure(null, Agent("a", slots: 4) with { MaxConcurrencyTotal = 3 });
        Put("n1", "n2");

        Assert.Equal(3, _table.Named("a")!.Value.FreeSlots);
        Assert.Equal(3, Enumerable.Range(0, 9).Count(_ => _taken.TryTake("a") is not null));
        Assert.Equal((0, 1.0), (_table.Named("a")!.Value.FreeSlots, _table.Named("a")!.Value.Load));
        Wait("a");
        Assert.Empty(_told);
        _taken.Release("a", "n1");
        Assert.Equal(["a on n1"], _told);
    }

    [Fact]
    public void TryTake_OtherAgentsKeepANodeBusy_GoesToTheOther()
    {
        Configure(null, Agent("a", slots: 8), Agent("b", slots: 8));
        Put("n1", "n2");
        _taken.Adopt("a", "n1");

        Assert.Equal("n2", _taken.TryTake("b")?.Node);
    }

    [Fact]
    public void TryTake_WarmAndNear_ArePreferredAndSaid()
    {
        Configure(null, Agent("a", slots: 8));
        Put("n1", "n2");
        _table.PutNode(new NodeState { Name = "n3", WarmAgents = ["a"] });

        var warm = _taken.TryTake("a")!;
        var near = _taken.TryTake("a", near: "n3")!;

        Assert.Equal(("n3", "the agent is loaded there; next is 'n1'"), (warm.Node, warm.Placement.Why));
        Assert.Equal("n3", near.Node);
        Assert.Equal("the agent is loaded and the data is there", near.Placement.Candidates[0].Note);
        Assert.Equal(["n3", "n1", "n2"], near.Placement.Candidates.Select(c => c.Node));
    }

    [Fact]
    public void TryTake_NodesOfOtherHardwareWithoutCodeOrDraining_GetNothing()
    {
        Configure(null, Agent("a", slots: 9, bytes: 4 * Gigabyte));
        _table.PutNode(new NodeState { Name = "cpu", Queues = ["general"] });
        Assert.Equal((0, "no node serves queue 'q'"), Say());
        _table.PutNode(new NodeState { Name = "old", Queues = ["q"], Agents = ["b"] });
        Assert.Equal((0, "no node of queue 'q' has code for 'a'"), Say());
        _table.PutNode(Gpus("small", 2));
        Assert.Equal((0, "no node of queue 'q' has 4,096 MiB of GPU memory"), Say());
        _table.PutNode(Gpus("leaving", 4) with { Draining = true });
        Assert.Equal((0, "every node that could run it is draining"), Say());
        Assert.Null(_taken.TryTake("a"));

        _table.PutNode(Gpus("gpu", 4));

        Assert.Equal((1, null), Say());
        var placement = _taken.TryTake("a")!.Placement;
        Assert.Equal(("gpu", "the only node with a free slot", 0), (placement.Node, placement.Why, placement.Gpu));
        Assert.Equal(
            [null, "is draining", "has no GPU with 4,096 MiB", "does not serve queue 'q'", "has no code for 'a'"],
            placement.Candidates.Select(c => c.Note));

        (int, string?) Say() => (_table.Named("a")!.Value.FreeSlots, _table.Named("a")!.Value.Note);
    }

    [Fact]
    public void Wait_NobodyCanRunIt_IsGrantedWhenANodeComes()
    {
        Configure(null, Agent("a"));
        Assert.Equal("there is no node", _table.Named("a")!.Value.Note);
        Wait("a");
        Assert.Empty(_told);

        Put("n1");

        Assert.Equal(["a on n1"], _told);
    }

    [Fact]
    public void Wait_ManyNodes_TheMostUrgentGetsTheFirstThatIsFree()
    {
        Configure(null, Agent("a"));
        Put("n1", "n2");
        _taken.TryTake("a");
        _taken.TryTake("a");
        Wait("a", "later");
        Wait("a", "urgent", priority: 1);

        _taken.Release("a", "n2");
        _taken.Release("a", "n1");

        Assert.Equal(["urgent on n2", "later on n1"], _told);
    }

    [Fact]
    public void Withdraw_AfterTheGrant_TheRequestSaysWhichSlotToRelease()
    {
        Configure(null, Agent("a"));
        Put("n1");
        var request = Wait("a");

        Assert.False(_table.Withdraw(request));
        Assert.Equal("n1", request.Granted!.Node);
    }

    [Fact]
    public void RemoveNode_WhatRanThereIsForgottenOnce()
    {
        Configure(null, Agent("a") with { MaxConcurrencyTotal = 2 });
        Put("n1", "n2");
        var lost = _table.TryTake("a")!;
        _taken.TryTake("a");
        Wait("a");

        Put("n3");
        Assert.Empty(_told); // two run in all, as many as may
        Assert.True(_table.RemoveNode("n1"));
        Assert.Equal(["a on n3"], _told);

        _table.Release(lost);
        Assert.Equal(2, _table.Named("a")!.Value.Running);
        Assert.False(_table.RemoveNode("n1"));
        Put("n1");
        _taken.Release("a", "n3");
        Assert.Equal("n1", _taken.TryTake("a")!.Node);
        _table.Release(lost); // of the node's former life
        Assert.Equal(2, _table.Named("a")!.Value.Running);
    }

    [Fact]
    public void PutNode_Draining_WhatRunsGoesOnAndNothingNewComes()
    {
        Configure(null, Agent("a", slots: 2));
        Put("n1");
        _taken.TryTake("a");

        _table.PutNode(new NodeState { Name = "n1", Draining = true });

        Assert.Null(_taken.TryTake("a"));
        Assert.Equal(1, _table.Named("a")!.Value.Running);
        Wait("a");
        Put("n1");
        Assert.Equal(["a on n1"], _told);
    }

    [Fact]
    public void Adopt_PastTheLimits_IsCountedAndNothingIsGrantedUntilTheyHoldAgain()
    {
        Configure(queueSlots: 2, Agent("a", slots: 1, bytes: 3 * Gigabyte));
        _table.PutNode(Gpus("n1", 4));
        for (var i = 0; i < 3; i++)
        {
            _taken.Adopt("a", "n1", gpu: 0);
        }

        var usage = Assert.Single(_table.Nodes());
        Assert.Equal([new NodeAgent("a", 3)], usage.Agents);
        Assert.Equal([new NodeQueue("q", 3, 2)], usage.Queues);
        Assert.Equal(9 * Gigabyte, usage.LeasedBytes[0]);
        Wait("a");
        _taken.Release("a", "n1", gpu: 0);
        _taken.Release("a", "n1", gpu: 0);
        Assert.Empty(_told);
        _taken.Release("a", "n1", gpu: 0);
        Assert.Equal(["a on n1, GPU 0"], _told);
    }

    [Fact]
    public void Adopt_AgentThatIsNotConfiguredAnyMore_IsCountedUntilItIsReleased()
    {
        Configure(null);
        Put("n1");

        _taken.Adopt("gone", "n1");

        Assert.Equal([new NodeAgent("gone", 1)], Assert.Single(_table.Nodes()).Agents);
        Assert.Null(_table.Named("gone"));
        _taken.Release("gone", "n1");
        Assert.Empty(Assert.Single(_table.Nodes()).Agents);
        Assert.Throws<ArgumentException>(() => _taken.Adopt("gone", "nowhere"));
    }

    [Fact]
    public void TryTake_GpuMemory_IsOfOneGpuAndSpreadOverThem()
    {
        Configure(null, Agent("a", slots: 99, bytes: 3 * Gigabyte));
        _table.PutNode(Gpus("n1", 4, 8));

        Assert.Equal(3, _table.Named("a")!.Value.FreeSlots);
        Assert.Equal([1, 1, 0, null], Enumerable.Range(0, 4).Select(_ => _taken.TryTake("a")?.Gpu));
        Wait("a");
        _taken.Release("a", "n1", gpu: 0);
        Assert.Equal(["a on n1, GPU 0"], _told);
    }

    [Fact]
    public void Release_GpuMemory_IsFreeForAgentsOfOtherQueues()
    {
        Configure(
            null, Agent("a", slots: 9, bytes: 4 * Gigabyte), Agent("b", slots: 9, bytes: 4 * Gigabyte) with { Queue = "other" });
        _table.PutNode(Gpus("n1", 4) with { Queues = null });
        _taken.TryTake("a");
        Wait("b");

        _taken.Release("a", "n1", gpu: 0);

        Assert.Equal(["b on n1, GPU 0"], _told);
    }

    [Fact]
    public void PutNode_OthersUseMoreMemory_OnlyStopsNewAttempts()
    {
        Configure(null, Agent("a", slots: 9, bytes: 2 * Gigabyte));
        _table.PutNode(Gpus("n1", 8));
        _taken.TryTake("a");

        _table.PutNode(Gpus("n1", 8) with { Gpus = [new GpuState(0, "gpu", 8 * Gigabyte, 7 * Gigabyte)] });

        Assert.Null(_taken.TryTake("a"));
        Assert.Equal((1, 0, null), (_table.Named("a")!.Value.Running, _table.Named("a")!.Value.FreeSlots, _table.Named("a")!.Value.Note));
        _table.PutNode(Gpus("n1", 8));
        Assert.NotNull(_taken.TryTake("a"));
    }

    [Fact]
    public void Describe_ShowsWhatANodeIsAndDoes()
    {
        Configure(queueSlots: 8, Agent("a", slots: 9, bytes: 2 * Gigabyte));
        _table.PutNode(Gpus("n1", 4, 8) with { WarmAgents = ["a"] });
        _table.PutNode(new NodeState { Name = "all" });
        _taken.TryTake("a");

        var nodes = _table.Nodes().Select(n => n.Describe(DateTimeOffset.UnixEpoch)).ToList();

        Assert.Equal(["all", "n1"], nodes.Select(n => n.Name));
        Assert.Null(nodes[0].Gpus);
        Assert.Null(nodes[0].Queues);
        Assert.Equal(1, nodes[1].Running);
        Assert.Equal(["q"], nodes[1].Queues!.Value.AsEnumerable());
        Assert.Equal([new NodeQueue("q", 1, 8)], nodes[1].Slots);
        Assert.Equal([0, 2 * Gigabyte], nodes[1].Gpus!.Value.Select(g => g.LeasedBytes));
        Assert.Equal(["a"], nodes[1].WarmAgents);
    }

    private void Configure(int? queueSlots, params AgentConfig[] agents) => _table.Configure(new GridConfig
    {
        Agents = agents.ToImmutableSortedDictionary(a => a.Name, a => a),
        Queues = ImmutableSortedDictionary<string, QueueConfig>.Empty.Add("q", new QueueConfig("q", queueSlots)),
    });

    private void Put(params string[] names)
    {
        foreach (var name in names)
        {
            _table.PutNode(new NodeState { Name = name });
        }
    }

    private static NodeState Gpus(string name, params int[] gigabytes) => new()
    {
        Name = name,
        Queues = ["q"],
        Gpus = [.. gigabytes.Select((g, i) => new GpuState(i, "gpu", g * Gigabyte, 0))],
    };

    private static AgentConfig Agent(string name, int slots = 1, long bytes = 0) => new()
    {
        Name = name,
        Capabilities = [name],
        MaxConcurrency = slots,
        Queue = "q",
        Resources = new AgentResources(bytes),
    };

    private SlotRequest Wait(string agent, string? name = null, int priority = 0)
    {
        var request = new SlotRequest(agent, priority, DateTimeOffset.UnixEpoch, new Waiter(this, name ?? agent));
        _table.Wait(request);
        return request;
    }

    private sealed class Waiter(ManyNodesTests test, string name) : ISlotWaiter
    {
        public void OnGranted(TakenSlot slot)
        {
            test._taken.Add(slot);
            test._told.Add($"{name} on {slot.Node}{(slot.Gpu is { } gpu ? $", GPU {gpu}" : "")}");
        }

        public void OnDrained() => test._told.Add($"{name} drained");

        public void OnAgentGone() => test._told.Add($"{name} gone");
    }
}
