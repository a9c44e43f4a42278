using AgentGrid.Cli.Commands;
using AgentGrid.Core.Documents;
using AgentGrid.Simulation.Faults;
using AgentGrid.Simulation.Nodes;

namespace AgentGrid.Cli.Tests.Docs;

public sealed class WhatIfPageTests
{
    private static readonly Markdown s_page = new("docs/whatif.md");

    [Fact]
    public void Files_OfThePage_AreReadWithTheConfigurationThatShips()
    {
        var config = Configuration.Read(Repository.PathOf("config"), []);
        var files = s_page.Blocks("yaml").ToList();

        var (nodes, problems) = NodesReader.Read(new ConfigFile("nodes.yaml", files[0]), config);
        var (durations, mistakes) = DurationsReader.Read(new ConfigFile("durations.yaml", files[1]), config);

        Assert.Equal(2, files.Count);
        Assert.Empty(problems);
        Assert.Equal(["cpu", "gpu-1", "gpu-2", "gpu-3"], nodes.Select(static n => n.Name));
        Assert.Empty(mistakes);
        Assert.Equal(new DurationRange(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(20)), durations["motion_generator"]);
    }
}
