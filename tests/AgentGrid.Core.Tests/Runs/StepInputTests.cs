using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

/// <summary>What a step with <c>with</c> gives to its agents.</summary>
public sealed class StepInputTests
{
    private const string Posted = """
        {"match_id":"m","round":"1","n":1.50,"none":null,"text":"ab","list":[{"id":"x"},{"id":"y"}]}
        """;

    [Theory]
    [InlineData("""{"a":"input.n","b":"input.list[1].id"}""", """{"a":1.50,"b":"y"}""")]
    [InlineData("""{"a":"input.nowhere","b":"input.none"}""", """{"a":null,"b":null}""")]
    [InlineData(
        """{"a":{"path":"input.nowhere","default":{"x":[1]}},"b":{"path":"input.none","default":2},"c":{"path":"input.n","default":2}}""",
        """{"a":{"x":[1]},"b":2,"c":1.50}""")]
    [InlineData("""{"a":{"text":"{{input.text}}-{{ input.n }}-{{ input['list'] }}-{{ input.none }}."}}""",
        """{"a":"ab-1.50-[{\u0022id\u0022:\u0022x\u0022},{\u0022id\u0022:\u0022y\u0022}]-."}""")]
    [InlineData("""{"a":{"text":"{ {{{{ input.n }} }"}}""", """{"a":"{ {{ input.n }} }"}""")]
    [InlineData("{}", "{}")]
    public void Compose_With_IsExactlyThat(string with, string expected)
    {
        var run = new RunScenario(
            """{"steps":{"a":{"agent":"best","with":WITH}}}""".Replace("WITH", with, StringComparison.Ordinal), RunMachineTests.TwoAgents(), Posted).Started();

        Assert.Equal(expected, InputOf(run, "a"));
    }

    [Fact]
    public void Compose_WithStepsThatComeBefore_HasTheirOutputs()
    {
        var run = new RunScenario(
            """
            {"steps":{
              "a":{"agent":"best"},"b":{"agent":"best","needs":["a"]},
              "c":{"agent":"best","needs":["b"],"with":{"first":"a.x","second":"b","third":{"path":"b.y.z","default":0}}}}}
            """, RunMachineTests.TwoAgents(), Posted).Started();
        run.Succeeds("a", output: """{"x":1}""").Succeeds("b", output: "true");

        Assert.Equal("""{"first":1,"second":true,"third":0}""", InputOf(run, "c"));
    }

    [Fact]
    public void Compose_WithOfEach_HasItemAndIndex()
    {
        var run = new RunScenario(
            """
            {"steps":{"a":{"agent":"best","mode":"each","for_each":"input.list",
              "with":{"id":"item.id","at":"index","line":{"text":"{{ index }}: {{ item.id }} of {{ input.match_id }}"}}}}}
            """, RunMachineTests.TwoAgents(), Posted).Started();

        Assert.Equal("""{"at":0,"id":"x","line":"0: x of m"}""", InputOf(run, "a"));
        Assert.Equal("""{"at":1,"id":"y","line":"1: y of m"}""", InputOf(run, "a", 1));
    }

    [Fact]
    public void Compose_WithAndInput_AreMerged()
    {
        var run = new RunScenario(
            """
            {"steps":{"a":{"agent":"best","with":{"o":"input.list[0]","n":"input.n"},"input":{"o":{"k":2},"z":null}}}}
            """, RunMachineTests.TwoAgents(), Posted).Started();

        Assert.Equal("""{"n":1.50,"o":{"id":"x","k":2},"z":null}""", InputOf(run, "a"));
    }

    private static string InputOf(RunScenario run, string step, int attempt = 0) =>
        AttemptInput.Of(run.State, run.State[step], run.State[step].Attempts[attempt]).Compose().ToString();
}
