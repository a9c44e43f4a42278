using AgentGrid.Agents.Perception;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;
using AgentGrid.Kinds;

namespace AgentGrid.Cli.Tests.Docs;

public sealed class AgentGuideTests
{
    private static readonly Markdown s_page = new("docs/agents.md");

    [Theory]
    [InlineData(0, "Captioner.cs")]
    [InlineData(1, "Framer.cs")]
    [InlineData(2, "MotionWriter.cs")]
    public void AgentExamples_AreTheCompiledOnes(int index, string file)
    {
        var examples = s_page.Blocks("csharp").ToList();

        Assert.Equal(3, examples.Count);
        Assert.Equal(Repository.Read("tests", "AgentGrid.Cli.Tests", "Docs", file), examples[index]);
    }

    [Fact]
    public void AgentsYaml_Example_CompilesAndHasEveryKey()
    {
        var catalog = AgentCatalog.Discover(typeof(PerceptionAgent).Assembly).With(ShippedKinds.Create());
        var yaml = s_page.Blocks("yaml").Single();
        const string Wrong = "zzzzzzzz: 1\nagents: { echo: { zzzzzzzz: 1 } }\nqueues: { q: { zzzzzzzz: 1 } }";
        var unknown = ConfigReader.Read([new ConfigFile("agents.yaml", Wrong)], catalog);
        var keys = unknown.Problems.SelectMany(p => PlanReferenceTests.Listed(p.Message)).ToList();

        var result = ConfigReader.Read([new ConfigFile("agents.yaml", yaml)], catalog);

        Assert.Empty(result.Problems);
        Assert.Equal(4096L << 20, result.Config!.Agents["motion_generator"].Resources.GpuMemoryBytes);
        Assert.Equal(20, keys.Count);
        Assert.All(keys, key => Assert.Matches($"\\b{key}:", yaml));
    }
}
