using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;
using AgentGrid.Kinds;

namespace AgentGrid.Cli.Tests.Docs;

/// <summary>docs/kinds.md says what is.</summary>
public sealed class KindsGuideTests
{
    private static readonly Markdown s_page = new("docs/kinds.md");

    [Fact]
    public void Examples_AreRight()
    {
        var catalog = AgentCatalog.Empty.With(ShippedKinds.Create());

        Assert.All(s_page.Blocks("yaml"), yaml => Assert.Empty(ConfigReader.Read([new ConfigFile("agents.yaml", yaml)], catalog).Problems));
    }

    [Fact]
    public void Readme_PlanOfAllKinds_IsRight()
    {
        var blocks = new Markdown("README.md").Blocks("yaml").ToList();
        var agents = Assert.Single(blocks, b => b.Contains("kind: chat", StringComparison.Ordinal));
        var plans = Assert.Single(blocks, b => b.Contains("  highlight:", StringComparison.Ordinal));

        var result = ConfigReader.Read(
            [new ConfigFile("agents.yaml", agents), new ConfigFile("plans/highlight.yaml", plans)],
            AgentCatalog.Empty.With(ShippedKinds.Create()));

        Assert.Empty(result.Problems);
        var plan = Assert.Single(result.Config!.Plans).Value;
        Assert.Equal(
            ["chat", "http", "onnx", "process"],
            plan.Steps.Where(s => s.Agent is not null).Select(s => result.Config.Agents[s.Agent!].Kind!.Name).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("http")]
    [InlineData("chat")]
    [InlineData("mcp")]
    [InlineData("onnx")]
    public void Examples_HaveEveryKeyOfTheKind(string name)
    {
        var kind = Assert.Single(ShippedKinds.Create(), k => k.Name == name);

        Assert.All(kind.Keys, key => Assert.Contains(s_page.Blocks("yaml"), yaml =>
            yaml.Contains($"kind: {name}", StringComparison.Ordinal) && System.Text.RegularExpressions.Regex.IsMatch(yaml, $"\\b{key}:")));
    }
}
