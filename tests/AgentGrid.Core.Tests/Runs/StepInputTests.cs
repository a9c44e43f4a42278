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

    [Theory]
    [InlineData("")]
    [InlineData(""","with":{"data":"a.data"}""")]
    public void Compose_LargeOutput_IsCopiedOnceAndNotTakenApart(string with)
    {
        var numbers = string.Join(',', Enumerable.Repeat("0.1234", 200_000));
        var run = new RunScenario(
            """
            {"result":{"n":"b.n"},"steps":{"a":{"agent":"best"},"b":{"agent":"best","needs":["a"]WITH}}}
            """.Replace("WITH", with, StringComparison.Ordinal), RunMachineTests.TwoAgents(), Posted).Started();
        run.Succeeds("a", output: $$"""{"n":1,"data":[{{numbers}}]}""");
        var input = AttemptInput.Of(run.State, run.State["b"], run.State["b"].Attempts[0]);

        var composed = Allocated(() => input.Compose());
        var ended = Allocated(() => run.Succeeds("b", output: $$"""{"n":2,"data":[{{numbers}}]}"""));

        // The tree of so many numbers would take twice their text; the output's own text is three of it.
        Assert.InRange(composed, numbers.Length, numbers.Length * 1.2);
        Assert.InRange(ended, 0, numbers.Length * 6);
        Assert.Equal("""{"n":2}""", run.State.Result!.ToString());
    }

    private static long Allocated(Action action)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    // A member that is asked for alone is the one of the whole.
    private static string InputOf(RunScenario run, string step, int attempt = 0)
    {
        var input = AttemptInput.Of(run.State, run.State[step], run.State[step].Attempts[attempt]);
        var whole = input.Compose();
        Assert.All(
            whole.Element.EnumerateObject(), m => Assert.Equal(m.Value.GetRawText(), input.Member(m.Name)?.GetRawText()));
        Assert.Null(input.Member("none"));
        return whole.ToString();
    }
}
