using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;
using AgentGrid.Kinds;

namespace AgentGrid.Cli.Tests.Docs;

/// <summary>docs/python.md says what is.</summary>
public sealed class PythonGuideTests
{
    private static readonly Markdown s_page = new("docs/python.md");

    [Fact]
    public void AgentsYaml_Examples_AreRightAndHaveEveryKeyOfTheKind()
    {
        var kind = Assert.Single(ShippedKinds.Create(), k => k.Name == "process");
        var examples = s_page.Blocks("yaml").ToList();

        Assert.All(examples, yaml => Assert.Empty(ConfigReader.Read(
            [new ConfigFile("agents.yaml", yaml)], AgentCatalog.Empty.With(ShippedKinds.Create())).Problems));
        Assert.All(kind.Keys, key => Assert.Matches($"\\b{key}:", examples[1]));
    }
}
