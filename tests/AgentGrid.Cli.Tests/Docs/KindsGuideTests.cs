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

    [Theory]
    [InlineData("http")]
    public void Examples_HaveEveryKeyOfTheKind(string name)
    {
        var kind = Assert.Single(ShippedKinds.Create(), k => k.Name == name);

        Assert.All(kind.Keys, key => Assert.Contains(s_page.Blocks("yaml"), yaml =>
            yaml.Contains($"kind: {name}", StringComparison.Ordinal) && System.Text.RegularExpressions.Regex.IsMatch(yaml, $"\\b{key}:")));
    }
}
