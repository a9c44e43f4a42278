using AgentGrid.Agents.Perception;
using AgentGrid.Core.Agents;
using YamlDotNet.RepresentationModel;

namespace AgentGrid.Agents.Tests;

public sealed class ShippedConfigTests
{
    private static readonly AgentCatalog Catalog = AgentCatalog.Discover(typeof(PerceptionAgent).Assembly);

    [Fact]
    public void Catalog_OfTheAssembly_HasTheShippedAgents() => Assert.Equal(
        [
            "delay", "echo", "flaky", "kinematics_validator", "motion_backup", "motion_generator", "perception",
            "prompt_generator", "quality_scorer", "timing_validator",
        ],
        Catalog.Agents.Keys);

    [Fact]
    public void Constructors_NeedNothing() => Assert.All(Catalog.Agents.Values, a => Assert.All(
        Assert.Single(a.Type.GetConstructors()).GetParameters(), p => Assert.True(p.HasDefaultValue)));

    [Fact]
    public void AgentsYaml_SaysWhatTheAttributesSay()
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(File.ReadAllText(FindConfig())));
        var agents = (YamlMappingNode)stream.Documents[0].RootNode["agents"];

        Assert.NotEmpty(agents.Children);
        Assert.All(agents.Children, entry =>
        {
            var attribute = Catalog.Agents[((YamlScalarNode)entry.Key).Value!].Attribute;
            var said = ((YamlMappingNode)entry.Value).Children
                .ToDictionary(p => ((YamlScalarNode)p.Key).Value!, p => p.Value.ToString());
            Assert.Equal(said["capabilities"], $"[ {string.Join(", ", attribute.Capabilities)} ]");
            Assert.Equal(said.GetValueOrDefault("priority", "0"), $"{attribute.Priority}");
            Assert.Equal(said.GetValueOrDefault("queue", "general"), attribute.Queue);
            Assert.Equal(said["max_concurrency"], $"{attribute.MaxConcurrency}");
            Assert.Equal(said["timeout"], $"{attribute.TimeoutSeconds}s");
        });
    }

    private static string FindConfig()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var file = Path.Combine(folder.FullName, "config", "agents.yaml");
            if (File.Exists(file))
            {
                return file;
            }
        }
        throw new FileNotFoundException($"No config/agents.yaml above {AppContext.BaseDirectory}.");
    }
}
