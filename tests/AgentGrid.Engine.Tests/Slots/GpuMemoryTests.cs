using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Engine.Slots;

namespace AgentGrid.Engine.Tests.Slots;

/// <summary>GPU memory that is in use though no attempt has leased it, and GPUs that were chosen elsewhere.</summary>
public sealed class GpuMemoryTests
{
    private readonly SlotTable _table = new();
    private readonly TakenSlots _taken;

    public GpuMemoryTests() => _taken = new TakenSlots(_table);

    [Fact]
    public void TryTake_ModelsThatStayLoaded_AreNotPromisedToOthers()
    {
        Configure(Agent("a", 8), Agent("b", 8));
        _table.PutNode(Node(Gpu(0, total: 24, here: 20, warm: ["a"])));

        Assert.Null(_taken.TryTake("b"));
        Assert.Equal((0, "not enough GPU memory is free"), (_table.Named("b")!.Value.FreeSlots, _table.Named("b")!.Value.Full));
        Assert.Equal(0, _taken.TryTake("a")?.Gpu);
    }

    [Fact]
    public void TryTake_AgentWhoseOwnModelFillsTheGpu_IsNotLockedOut()
    {
        Configure(Agent("a", 24));
        _table.PutNode(Node(Gpu(0, total: 24, here: 24, warm: ["a"])));

        Assert.Equal(0, _taken.TryTake("a")?.Gpu);
        Assert.Null(_taken.TryTake("a"));
    }

    [Fact]
    public void TryTake_AgentThatIsLoadedOnAnotherGpu_HasNoMoreRoomThanAnyOther()
    {
        Configure(Agent("a", 16));
        _table.PutNode(Node(Gpu(0, total: 24, here: 16, warm: ["b"]), Gpu(1, total: 24, here: 16, warm: ["a"])));

        Assert.Equal([1, null], Enumerable.Range(0, 2).Select(_ => _taken.TryTake("a")?.Gpu));
    }

    [Fact]
    public void TryTake_GpusWithEqualRoom_ThatWhereTheAgentIsLoadedIsTaken()
    {
        Configure(Agent("a", 8));
        _table.PutNode(Node(Gpu(0, total: 24), Gpu(1, total: 24, here: 8, warm: ["a"])));

        Assert.Equal([1, 0], Enumerable.Range(0, 2).Select(_ => _taken.TryTake("a")?.Gpu));
    }

    [Fact]
    public void TryTake_SeveralThatLoadAtOnce_CountBesideWhatIsInUse()
    {
        Configure(Agent("a", 8), Agent("b", 8));
        _table.PutNode(Node(Gpu(0, total: 24, here: 8, warm: ["old"])));

        Assert.Equal(2, _table.Named("a")!.Value.FreeSlots);
        Assert.Equal([0, 0, null], ((string[])["a", "b", "a"]).Select(a => _taken.TryTake(a)?.Gpu));

        _table.PutNode(Node(Gpu(0, total: 32, here: 24, warm: ["old", "a", "b"])));
        Assert.Equal([0, 0, null], ((string[])["a", "b", "a"]).Select(a => _taken.TryTake(a)?.Gpu));
    }

    [Fact]
    public void PutNode_NodeUsesLess_WaitersGetTheRoom()
    {
        Configure(Agent("a", 8));
        _table.PutNode(Node(Gpu(0, total: 8, here: 1)));
        var told = new Told();
        _table.Wait(new SlotRequest("a", 0, DateTimeOffset.UnixEpoch, told));
        Assert.Empty(told.Gpus);

        _table.PutNode(Node(Gpu(0, total: 8)));

        Assert.Equal([0], told.Gpus);
    }

    [Fact]
    public void Wait_GpuThatWasChosen_IsTakenWhileItHasRoom()
    {
        Configure(Agent("a", 8), Agent("none", 0));
        _table.PutNode(Node(Gpu(0, total: 24), Gpu(1, total: 16)));
        var told = new Told();

        foreach (var gpu in (int[])[1, 1, 1, 7])
        {
            _table.Wait(new SlotRequest("a", 0, DateTimeOffset.UnixEpoch, told) { Gpu = gpu });
        }
        _table.Wait(new SlotRequest("none", 0, DateTimeOffset.UnixEpoch, told) { Gpu = 1 });

        Assert.Equal([1, 1, 0, 0, null], told.Gpus);
        Assert.Equal([16, 16], _table.Nodes()[0].Describe(DateTimeOffset.UnixEpoch).Gpus!.Value.Select(g => g.LeasedBytes));
    }

    [Fact]
    public void Full_SeveralNodes_SaysWhatIsMissingWhereLeastIs()
    {
        Configure(Agent("a", 8) with { MaxConcurrency = 1, MaxConcurrencyTotal = 2 }, Agent("b", 8));
        _table.PutNode(Node(Gpu(0, total: 8)));
        _table.PutNode(Node(Gpu(0, total: 8)) with { Name = "n2" });
        _table.PutNode(Node(Gpu(0, total: 8)) with { Name = "n3" });

        Assert.Equal("n1", _taken.TryTake("a")?.Node);
        Assert.Null(_table.Named("a")!.Value.Full);
        Assert.Equal("n2", _taken.TryTake("b")?.Node);
        var placement = _taken.TryTake("b")!.Placement;

        Assert.Equal("not enough GPU memory is free", _table.Named("a")!.Value.Full);
        Assert.Equal(
            [null, "not enough GPU memory is free", "not enough GPU memory is free"], placement.Candidates.Select(c => c.Note));
        _taken.Release("b", "n2");
        Assert.NotNull(_taken.TryTake("a"));
        Assert.Equal("max_concurrency_total is reached", _table.Named("a")!.Value.Full);
    }

    [Fact]
    public void TryTake_AttemptsThatShareAModel_LeaseItOnceOnEveryGpu()
    {
        Configure(Sharing("a", 16), Agent("b", 8));
        _table.PutNode(Node(Gpu(0, total: 24), Gpu(1, total: 24)));

        Assert.Equal([0, 1, 0, 1, 0], Enumerable.Range(0, 5).Select(_ => _taken.TryTake("a")?.Gpu));
        Assert.Equal([16, 16], Leased());
        Assert.Equal(99 - 5, _table.Named("a")!.Value.FreeSlots);
        Assert.Equal([0, 1, null], Enumerable.Range(0, 3).Select(_ => _taken.TryTake("b")?.Gpu));
        for (var i = 0; i < 4; i++)
        {
            _taken.Release("a", "n1");
        }
        Assert.Equal(16 + 8 + 8, Leased().Sum());
        _taken.Release("a", "n1");
        Assert.Equal([8, 8], Leased());
    }

    [Fact]
    public void TryTake_ThatShareAModel_WaitWhereItHasNoRoomAtAll()
    {
        Configure(Sharing("a", 16), Sharing("b", 16));
        _table.PutNode(Node(Gpu(0, total: 24)));

        Assert.Equal([0, 0], Enumerable.Range(0, 2).Select(_ => _taken.TryTake("a")?.Gpu));
        Assert.Null(_taken.TryTake("b"));
        Assert.Equal((0, "not enough GPU memory is free"), (_table.Named("b")!.Value.FreeSlots, _table.Named("b")!.Value.Full));
        _taken.Release("a", "n1");
        Assert.Null(_taken.TryTake("b"));
        _taken.Release("a", "n1");
        Assert.Equal(0, _taken.TryTake("b")?.Gpu);
    }

    [Fact]
    public void PutNode_WhileASharedModelIsLoaded_CountsItOnce()
    {
        Configure(Sharing("a", 8), Agent("b", 8));
        _table.PutNode(Node(Gpu(0, total: 24)));
        Assert.Equal([0, 0, 0], Enumerable.Range(0, 3).Select(_ => _taken.TryTake("a")?.Gpu));

        _table.PutNode(Node(Gpu(0, total: 24, here: 8, warm: ["old"])));

        Assert.Equal(0, _taken.TryTake("b")?.Gpu);
        Assert.Null(_taken.TryTake("b"));
    }

    [Fact]
    public void Describe_Always_SaysWhatTheNodeUses()
    {
        _table.PutNode(Node(Gpu(0, total: 24, here: 9, others: 2)));

        var gpu = Assert.Single(_table.Nodes()[0].Describe(DateTimeOffset.UnixEpoch).Gpus!.Value);

        Assert.Equal((24, 2, 0, 9), (gpu.TotalBytes, gpu.UsedByOthersBytes, gpu.LeasedBytes, gpu.UsedHereBytes));
    }

    private void Configure(params AgentConfig[] agents) => _table.Configure(new GridConfig
    {
        Agents = agents.ToImmutableSortedDictionary(a => a.Name, a => a),
    });

    private static AgentConfig Agent(string name, long bytes) =>
        new() { Name = name, Capabilities = [name], MaxConcurrency = 99, Resources = new AgentResources(bytes) };

    private static AgentConfig Sharing(string name, long bytes) => Agent(name, bytes) with
    {
        Kind = new KindConfig("model", "", Core.Json.EmptyObject) { Settings = new SharedSettings() },
    };

    private IEnumerable<long> Leased() => _table.Nodes()[0].Describe(DateTimeOffset.UnixEpoch).Gpus!.Value.Select(g => g.LeasedBytes);

    private static NodeState Node(params GpuState[] gpus) => new() { Name = "n1", Gpus = [.. gpus] };

    private static GpuState Gpu(int index, long total, long here = 0, long others = 0, params string[] warm) =>
        new(index, "gpu", total, others, here) { WarmAgents = [.. warm] };

    private sealed class Told : ISlotWaiter
    {
        public List<int?> Gpus { get; } = [];

        public void OnGranted(TakenSlot slot) => Gpus.Add(slot.Gpu);

        public void OnDrained() => throw new InvalidOperationException("no agent is ever drained here");

        public void OnAgentGone() => throw new InvalidOperationException("no agent is ever removed here");
    }

    private sealed record SharedSettings : KindSettings
    {
        public override string Target => "";

        public override bool SharesGpuMemory => true;
    }
}
