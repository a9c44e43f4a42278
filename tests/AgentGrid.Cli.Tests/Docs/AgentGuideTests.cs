using AgentGrid.Agents.Perception;
using AgentGrid.Cli.Tests.Hosting;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;

namespace AgentGrid.Cli.Tests.Docs;

public sealed class AgentGuideTests
{
    private static readonly Markdown s_page = new("docs/agents.md");

    [Fact]
    public void AgentExample_IsTheCompiledOne() => Assert.Equal(
        Repository.Read("tests", "AgentGrid.Cli.Tests", "Docs", "Captioner.cs"), s_page.Blocks("csharp").Single());

    [Fact]
    public void AgentsYaml_Example_CompilesAndHasEveryKey()
    {
        var catalog = AgentCatalog.Discover(typeof(PerceptionAgent).Assembly);
        var yaml = s_page.Blocks("yaml").Single();
        const string Wrong = "zzzzzzzz: 1\nagents: { echo: { zzzzzzzz: 1 } }\nqueues: { q: { zzzzzzzz: 1 } }";
        var unknown = ConfigReader.Read([new ConfigFile("agents.yaml", Wrong)], catalog);
        var keys = unknown.Problems.SelectMany(p => PlanReferenceTests.Listed(p.Message)).ToList();

        var result = ConfigReader.Read([new ConfigFile("agents.yaml", yaml)], catalog);

        Assert.Empty(result.Problems);
        Assert.Equal(4096L << 20, result.Config!.Agents["motion_generator"].Resources.GpuMemoryBytes);
        Assert.Equal(12, keys.Count);
        Assert.All(keys, key => Assert.Matches($"\\b{key}:", yaml));
    }
}
