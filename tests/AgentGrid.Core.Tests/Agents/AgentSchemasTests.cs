using System.Collections.Immutable;
using System.ComponentModel;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Tests.Agents;

/// <summary>What agents say of their inputs and outputs, and what is made of it: in the reading of plans and before a call.</summary>
public sealed class AgentSchemasTests
{
    [Fact]
    public void TypedAgent_Always_HasTheSchemasOfItsTypes()
    {
        var agent = Read("").Config!.Agents["cutter"];

        Assert.Equal(
            """
            {"type":"object","properties":{"clip_name":{"type":"string","description":"Of the clip."},"note":{"type":["string","null"]},
            "quality":{"type":"integer","default":7},"lang":{"type":"string"}},"required":["clip_name","lang"]}
            """.ReplaceLineEndings(""),
            agent.InputSchema!.ToString());
        Assert.Equal(
            """{"type":"object","properties":{"frames":{"type":"array","items":{"type":"integer"}}},"required":["frames"]}""",
            agent.OutputSchema!.ToString());
        Assert.Null(agent.InputCheck);
    }

    [Fact]
    public void File_WithSchemas_WinsOverTheTypes()
    {
        var agent = Read("agents: { cutter: { input_schema: { required: [clip_name] }, output_schema: { type: object } } }").Config!.Agents["cutter"];

        Assert.Equal("""{"required":["clip_name"]}""", agent.InputSchema!.ToString());
        Assert.Equal("""{"type":"object"}""", agent.OutputSchema!.ToString());
        Assert.False(agent.ReadsType);
    }

    [Fact]
    public void Agent_WithoutTypes_SaysNothing()
    {
        var agent = Read("").Config!.Agents["free"];

        Assert.Null(agent.InputSchema);
        Assert.Null(agent.OutputSchema);
    }

    [Theory]
    [InlineData("agent: cutter, with: { clip_name: input.a, lang: input.b, note: input.c }")]
    [InlineData("agent: cutter, with: { clip_name: input.a }, input: { lang: en }")]
    [InlineData("agent: cutter")]
    [InlineData("agent: free, with: { anything: input.a }")]
    [InlineData("capability: cutting, with: { anything: input.a }")] // one of the two takes anything
    [InlineData("agent: filed, with: { text: input.a, more: input.b }")]
    public void Plan_WhoseInputsMayFit_IsNotWarnedOf(string step) => Assert.Empty(Warnings(step));

    [Theory]
    [InlineData("agent: cutter, with: { lang: input.a }", 50,
        "step 's': agent 'cutter' needs 'clip_name' in its input, but 'with' gives: lang. Add it there.")]
    [InlineData("agent: cutter, with: { clip_name: input.a, lang: input.b, nte: input.c }", 92,
        "step 's': agent 'cutter' has no 'nte' in its input, did you mean 'note'?")]
    [InlineData("agent: filed, with: { more: input.a }", 49,
        "step 's': agent 'filed' needs 'text' in its input, but 'with' gives: more. Add it there.")]
    [InlineData("agent: closed, with: { text: input.b, more: input.a }", 73, "step 's': agent 'closed' has no 'more' in its input; known: text.")]
    [InlineData("capability: naming, with: { more: input.a }", 55,
        "step 's': agent 'closed' needs 'text' in its input, but 'with' gives: more. Add it there.")]
    public void Plan_WhoseInputCannotFit_IsWarnedOf(string step, int column, string message)
    {
        var warning = Assert.Single(Warnings(step));

        Assert.Equal((ConfigCodes.UnfitInput, message), (warning.Code, warning.Message));
        Assert.Equal(("plans/p.yaml", 1, column), (warning.File, warning.Line, warning.Column));
    }

    [Fact]
    public void Input_ThatDoesNotFitTheSchemaOfTheFile_IsBadInput()
    {
        var agent = Read("agents: { free: { input_schema: { required: [text], properties: { n: { type: integer } } } } }").Config!.Agents["free"];

        agent.CheckInput(Invocation("""{"text": "a", "n": 1}"""));
        var refused = Assert.Throws<AgentException>(() => agent.CheckInput(Invocation("""{"n": "one", "lang": "en"}""")));

        Assert.Equal(("bad_input", false), (refused.Code, refused.Retryable));
        Assert.Equal(
            "Agent 'free', step 's': the input does not fit its input_schema. input: Required properties [\"text\"] are not present. "
            + "input.n: Value is \"string\" but should be \"integer\". The input has: n, lang.",
            refused.Message);
    }

    private static ImmutableArray<ConfigProblem> Warnings(string step) => Read(
        """
        agents:
          filed: { kind: code, capabilities: [naming], input_schema: { required: [text], properties: { text: {} } } }
          closed: { capabilities: [naming], input_schema: { required: [text], properties: { text: {} }, additionalProperties: false } }
        """,
        $"plans: {{ p: {{ steps: {{ s: {{ {step} }} }} }} }}").Warnings;

    private static ConfigResult Read(string agents, string? plan = null)
    {
        var result = ConfigReader.Read(
            [new ConfigFile("agents.yaml", agents), .. plan is null ? Array.Empty<ConfigFile>() : [new ConfigFile("plans/p.yaml", plan)]],
            AgentCatalog.Of(typeof(Cutter), typeof(Free), typeof(Filed), typeof(Closed)));
        Assert.Empty(result.Problems);
        return result;
    }

    private static AgentInvocation Invocation(string input) => new()
    {
        RunId = RunId.From(new Guid(1, 2, 3, new byte[8])),
        Key = new RunKey("m", "r"),
        Agent = "free",
        Step = "s",
        Attempt = 1,
        Deadline = DateTimeOffset.MaxValue,
        InputSource = () => Json.Parse(input),
    };

    private sealed record Clip([property: Description("Of the clip.")] string ClipName, string? Note, int Quality = 7)
    {
        public required string Lang { get; init; }
    }


    private sealed record Cut(List<int> Frames);

    [Agent("cutter", Capabilities = ["cutting"])]
    private sealed class Cutter : Agent<Clip, Cut>
    {
        public override ValueTask<Cut> InvokeAsync(
            Clip input, AgentInvocation invocation, CancellationToken cancellationToken) => new(new Cut([]));
    }

    [Agent("free", Capabilities = ["cutting"])]
    private sealed class Free : Untyped;

    [Agent("filed")]
    private sealed class Filed : Untyped;

    [Agent("closed")]
    private sealed class Closed : Untyped;

    private abstract class Untyped : IAgent
    {
        public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken) => new(Json.Null);
    }
}
