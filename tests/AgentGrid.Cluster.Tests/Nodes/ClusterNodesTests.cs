using System.Net;
using AgentGrid.Core.Grid;
using AgentGrid.Engine.Slots;
using AgentGrid.GrainInterfaces.Agents;
using AgentGrid.Grains.Dispatch;

namespace AgentGrid.Cluster.Tests.Nodes;

/// <summary>What the dispatcher knows of nodes, by what they report.</summary>
public sealed class ClusterNodesTests
{
    private static readonly SiloAddress s_silo = SiloAddress.New(IPAddress.Loopback, 11_111, 1);

    private readonly ManualTime _clock = new();
    private readonly SlotTable _table = new();
    private readonly ClusterNodes _nodes;

    public ClusterNodesTests() => _nodes = new ClusterNodes(new FakeSilos(s_silo), _clock, new DispatchTimes().Silence);

    [Fact]
    public void Describe_NodeThatIsNotHeardOf_IsSilentUntilItIs()
    {
        Report();
        _clock.Advance(TimeSpan.FromSeconds(1.9));
        Assert.Empty(_nodes.MarkSilent());
        Assert.False(Described().Silent);

        _clock.Advance(TimeSpan.FromSeconds(0.2));
        Assert.True(Assert.Single(_nodes.MarkSilent()).Draining, "a silent node takes nothing");
        Assert.Equal((true, false), (Described().Silent, Described().Draining));
        Assert.Equal(_clock.Now - _clock.Passed, Described().SeenAt);
        Assert.Empty(_nodes.Available());

        Report();
        Assert.False(Described().Silent);
        Assert.Equal(["gpu1"], _nodes.Available());
    }

    [Fact]
    public void StateOf_Gpus_AreAsReported()
    {
        var report = Report(new GpuReport(3, "A10", 24, 2, 9) { WarmAgents = ["motion"] });

        var gpu = Assert.Single(ClusterNodes.StateOf(report).Gpus!.Value);

        Assert.Equal((3, "A10", 24, 2, 9), (gpu.Index, gpu.Name, gpu.TotalBytes, gpu.UsedByOthersBytes, gpu.UsedHereBytes));
        Assert.Equal(["motion"], gpu.WarmAgents);
    }

    [Fact]
    public void StateOf_GpusOfAnEarlierVersion_HaveNothingWarm()
    {
        var report = Report(new GpuReport(0, "A10", 24, 2, 0) { WarmAgents = default });

        Assert.Empty(Assert.Single(ClusterNodes.StateOf(report).Gpus!.Value).WarmAgents);
    }

    private NodeReport Report(params GpuReport[] gpus)
    {
        var report = new NodeReport { Node = "gpu1", Silo = s_silo, Gpus = [.. gpus] };
        Assert.True(_nodes.Take(report, out _));
        _table.PutNode(ClusterNodes.StateOf(report));
        return report;
    }

    private NodeDetails Described() => Assert.Single(_nodes.Describe(_table.Nodes(), _clock.GetUtcNow()));
}
