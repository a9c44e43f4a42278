using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Tests.Config;

/// <summary>Agents in agents.yaml that are no classes.</summary>
public sealed class KindsConfigTests
{
    private static readonly AgentCatalog s_catalog = TestAgents.Catalog.With(new TestKind());

    [Fact]
    public void Read_Kind_MakesANameLegalAndKeepsTheCommonKeys()
    {
        var agent = Good("""
            agents:
              legacy: { kind: test, url: "http://x/${env:TOKEN}", size: 3, capabilities: [old], priority: 4, timeout: 9s }
            """).Agents["legacy"];

        Assert.Equal(("test", "http://x/${env:TOKEN}"), (agent.Kind!.Name, agent.Kind.Target));
        Assert.Equal("""{"size":3,"url":"http://x/${env:TOKEN}"}""", agent.Kind.Keys.ToString());
        Assert.Equal(3, Assert.IsType<TestKind.Settings>(agent.Kind.Settings).Size);
        Assert.Equal((4, TimeSpan.FromSeconds(9)), (agent.Priority, agent.Timeout));
        Assert.Equal(["old"], agent.Capabilities);
        // As many as the kind can do at once, where nothing else is said.
        Assert.Equal(3, agent.MaxConcurrency);
    }

    [Fact]
    public void Read_KindForAClass_KeepsWhatItsAttributeSays()
    {
        var agent = Good("agents: { motion_generator: { kind: test, url: u } }").Agents["motion_generator"];

        Assert.Equal("test", agent.Kind!.Name);
        Assert.Equal(["motion_generation"], agent.Capabilities);
        Assert.Equal(7, agent.Priority);
    }

    [Fact]
    public void Read_KindCode_IsTheClass() =>
        Assert.Null(Good("agents: { motion_generator: { kind: code, priority: 1 } }").Agents["motion_generator"].Kind);

    [Fact]
    public void Read_PlanMayAskForIt() => Assert.Empty(ConfigReader.Read(
        [
            new ConfigFile("agents.yaml", "agents: { legacy: { kind: test, url: u, capabilities: [old] } }"),
            new ConfigFile("plans/p.yaml", "plans: { p: { steps: { a: { capability: old }, b: { agent: legacy } } } }"),
        ], s_catalog).Problems);

    [Theory]
    [InlineData("{ kind: tets, url: u }", "AG1022", "unknown kind 'tets', did you mean 'test'?")]
    [InlineData("{ kind: 3 }", "AG1022", "unknown kind '3'; known: code, test.")]
    [InlineData("{ kind: [a] }", "AG1022", "'kind': expected the name of a kind, got a list.")]
    [InlineData("{ kind: test, url: u, sise: 3 }", "AG1002", "unknown key 'sise', did you mean 'size'?")]
    [InlineData("{ kind: test, url: u, priorty: 3 }", "AG1002", "unknown key 'priorty', did you mean 'priority'?")]
    [InlineData("{ kind: test, url: \"${env}\" }", "AG1023", "'${env}' refers to nothing")]
    [InlineData("{ kind: test, url: 3 }", "AG1004", "'url': expected a text, got the number 3. Put it in quotes.")]
    [InlineData("{ kind: test }", "AG1008", "'url' is missing.")]
    [InlineData("{ kind: test, url: u, size: 2, max_concurrency: 3 }", "AG1013", "'max_concurrency' is 3, but with its other keys the agent does 2 at once")]
    [InlineData("{ url: u }", "AG1011", "unknown agent 'legacy'")]
    public void Read_Mistakes_AreReportedAtTheirPlace(string agent, string code, string message)
    {
        var result = ConfigReader.Read([new ConfigFile("agents.yaml", $"agents:\n  legacy: {agent}\n")], s_catalog);

        var problem = result.Problems.First(p => p.Code == code);
        Assert.StartsWith(message, problem.Message);
        Assert.Equal(2, problem.Line);
    }

    [Fact]
    public void Read_KeysOfAKindWithoutKind_SaysWhatIsMissing()
    {
        var result = ConfigReader.Read([new ConfigFile("agents.yaml", "agents: { legacy: { url: u } }")], s_catalog);

        Assert.EndsWith(" Without a class it needs 'kind: test'.", result.Problems.First(p => p.Code == "AG1011").Message);
    }

    [Fact]
    public void Read_NameThatIsNone_IsRefused() => Assert.Contains(
        ConfigReader.Read([new ConfigFile("agents.yaml", "agents: { 'a b': { kind: test, url: u } }")], s_catalog).Problems,
        p => p.Code == ConfigCodes.BadName);

    [Fact]
    public void Differences_OfAKind_NameKeysAndNeverQuoteThem()
    {
        var before = Good("agents: { legacy: { kind: test, url: s3cret, size: 1, priority: 1 } }");
        var after = Good("agents: { legacy: { kind: test, url: other, size: 1, priority: 2 } }");

        Assert.Equal(["agent 'legacy' priority 1 -> 2", "agent 'legacy' url changed"], ConfigDifferences.Find(before, after));
        Assert.Equal(
            ["agent 'legacy' kind test -> unset", "agent 'legacy' size changed", "agent 'legacy' url changed"],
            ConfigDifferences.Find(
                WithClass("{ kind: test, url: u, size: 3 }"), WithClass("{}")).Select(d => d.Replace("motion_generator", "legacy")).Where(d => !d.Contains(" version unset -> ")));
    }

    private static GridConfig WithClass(string agent) => Good($"agents: {{ motion_generator: {agent} }}") with
    {
        Plans = ImmutableSortedDictionary<string, Core.Plans.Plan>.Empty,
    };

    private static GridConfig Good(string yaml)
    {
        var result = ConfigReader.Read([new ConfigFile("agents.yaml", yaml)], s_catalog);
        Assert.Empty(result.Problems);
        return result.Config!;
    }

    private sealed class TestKind : IAgentKind
    {
        public string Name => "test";

        public ImmutableArray<string> Keys => ["url", "size"];

        public KindSettings? Read(MappingReader agent, ProblemList problems)
        {
            var url = agent.Secret("url");
            if (agent["url"] is null)
            {
                problems.Add(agent.Place, ConfigCodes.Missing, "'url' is missing.");
            }
            return url is null ? null : new Settings(url, agent.Integer("size", 1, 100) ?? 1);
        }

        public IKindAgent Create(AgentConfig agent, AgentKindContext context) => throw new NotSupportedException();

        public sealed record Settings(SecretText Url, int Size) : KindSettings
        {
            public override string Target => Url.Template;

            public override int? MaxConcurrency => Size;
        }
    }
}
