using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;
using AgentGrid.Simulation.Nodes;

namespace AgentGrid.Simulation.Tests.Nodes;

public sealed class NodesReaderTests
{
    private static readonly GridConfig s_config = Configs.Of(
        [
            new AgentConfig { Name = "reader", Capabilities = ["read"], Queue = "general" },
            new AgentConfig { Name = "painter", Capabilities = ["paint"], Queue = "gpu", Resources = new AgentResources(8L << 30) },
        ]);

    [Fact]
    public void Read_NodesWithACount_AreNumbered()
    {
        var (nodes, problems) = NodesReader.Read(new ConfigFile("nodes.yaml", """
            nodes:
              cpu: { queues: [general], agents: [reader] }
              gpu: { count: 2, queues: [gpu], gpus_mb: [24576, 12288], labels: { zone: eu } }
            """), s_config);

        Assert.Empty(problems);
        Assert.Equal(["cpu", "gpu-1", "gpu-2"], nodes.Select(static n => n.Name));
        Assert.Equal(["reader"], nodes[0].Agents!.Value);
        Assert.Null(nodes[0].Gpus);
        Assert.Equal([null, "zone:eu", "zone:eu"], nodes.Select(static n => n.Labels?.ToString()));
        Assert.Equal([24576L << 20, 12288L << 20], nodes[2].Gpus!.Value.Select(static g => g.TotalBytes));
        Assert.Empty(NodesReader.Missing(nodes, s_config));
    }

    [Fact]
    public void Read_Mistakes_AreAllReportedAtTheirPlaces()
    {
        var (_, problems) = NodesReader.Read(new ConfigFile("nodes.yaml", """
            nodes:
              cpu: { queues: [genral], agents: [reeder], cuont: 2 }
              gpu: { count: 0, gpus_mb: [a lot] }
            """), s_config);

        Assert.Equal(
            [
                "unknown queue 'genral', did you mean 'general'?", "unknown agent 'reeder', did you mean 'reader'?",
                "unknown key 'cuont', did you mean 'count'?", "'count' must be 1 to 1000, not 0.",
                "'gpus_mb': expected the memory of a GPU in MiB, 1 to 100000000, came the text 'a lot'.",
            ],
            problems.Select(static p => p.Message));
        Assert.Equal([2, 2, 2, 3, 3], problems.Select(static p => p.Line));
    }

    [Fact]
    public void Read_NoNode_SaysWhatIsExpected() =>
        Assert.StartsWith("there is no node: expected 'nodes'", Assert.Single(NodesReader.Read(new ConfigFile("nodes.yaml", ""), s_config).Problems).Message);

    [Fact]
    public void Missing_AgentWithoutANode_IsNamed()
    {
        var (nodes, _) = NodesReader.Read(new ConfigFile("nodes.yaml", "nodes: { gpu: { queues: [gpu], gpus_mb: [4096] } }"), s_config);

        Assert.Equal(
            [
                "No node can run agent 'painter' (queue 'gpu'): its attempts wait until their runs are given up.",
                "No node can run agent 'reader' (queue 'general'): its attempts wait until their runs are given up.",
            ],
            NodesReader.Missing(nodes, s_config));
    }
}
