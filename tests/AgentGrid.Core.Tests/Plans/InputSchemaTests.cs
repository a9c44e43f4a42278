using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Tests.Config;

namespace AgentGrid.Core.Tests.Plans;

public sealed class InputSchemaTests
{
    private const string Schema = """
        { type: object, required: [players], additionalProperties: false,
          properties: { players: { type: array, minItems: 1, items: { type: object, required: [id],
            properties: { id: { type: string }, peeks: { type: integer, minimum: 0 } } } } } }
        """;

    [Theory]
    [InlineData("""{"players": [{"id": "a", "peeks": 2}]}""")]
    [InlineData("""{"match_id": "m", "round": "r", "players": [{"id": "a"}]}""")]
    public void Input_ThatFits_IsTaken(string input) => Assert.Empty(Ask(input));

    [Theory]
    [InlineData("{}", "input: Required properties [\"players\"] are not present")]
    [InlineData("[]", "input: Value is \"array\" but should be \"object\"")]
    [InlineData("""{"players": []}""", "input.players: ")]
    [InlineData("""{"players": [{"id": "a"}, {"id": 7}]}""", "input.players[1].id: Value is \"integer\" but should be \"string\"")]
    [InlineData("""{"players": [{"id": "a", "peeks": -1}]}""", "input.players[0].peeks: ")]
    [InlineData("""{"players": [{"id": "a"}], "palyers": 1}""", "input.palyers: ")]
    public void Input_ThatDoesNotFit_IsRefusedWithItsPlace(string input, string start)
    {
        var problem = Ask(input)[0];

        Assert.StartsWith(start, $"{problem.Path}: {problem.Message}", StringComparison.Ordinal);
        Assert.EndsWith("(the input_schema of plan 'p').", problem.Message, StringComparison.Ordinal);
        Assert.Equal(CommandCodes.WrongInput, problem.Code);
    }

    [Fact]
    public void Input_WithVeryManyMistakes_IsToldOfSome() => Assert.Equal(
        20, Ask($$"""{"players": [{{string.Join(',', Enumerable.Repeat("{}", 1_000))}}]}""").Length);

    [Fact]
    public void Schema_IsPartOfThePlan()
    {
        var plan = Config(Schema).Config!.Plans["p"];

        var again = PlanReader.ReadJson("p", plan.Definition).Plan!;

        Assert.Equal("object", plan.Definition.Element.GetProperty("input_schema").GetProperty("type").GetString());
        Assert.Equal(plan.Version, again.Version);
        Assert.NotEqual(Config("{ type: object }").Config!.Plans["p"].Version, plan.Version);
    }

    [Theory]
    [InlineData("object", "'input_schema': expected a JSON schema")]
    [InlineData("{ type: thing }", "'input_schema' is not a JSON schema")]
    [InlineData("{ $ref: \"https://example.com/other.json\" }", "'input_schema' is not a JSON schema")]
    [InlineData("{ properties: { a: { pattern: \"(\" } } }", "'input_schema' is not a JSON schema")]
    public void Schema_ThatIsNone_IsRefusedWithItsLine(string schema, string message)
    {
        var problem = Assert.Single(Config(schema).Problems);

        Assert.Equal(3, problem.Line);
        Assert.StartsWith(message, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PostedPlan_HasNone()
    {
        var asked = Submission.PlanOf(
            new SubmitRun(new("m", "1"), Json.EmptyObject, InlinePlan: Json.Parse(
                """{"input_schema": {"type": "object"}, "steps": {"a": {"agent": "echo"}}}""")),
            Config(Schema).Config!);

        Assert.True(asked.IsUnreadable);
        Assert.Equal("plan.input_schema", Assert.Single(asked.Problems).Path);
    }

    private static ConfigProblem[] Ask(string input) =>
        [.. Submission.PlanOf(new SubmitRun(new("m", "1"), Json.Parse(input), "p"), Config(Schema).Config!).Problems];

    private static ConfigResult Config(string schema) => ConfigReader.Read(
        [new ConfigFile("plans/p.yaml", $"plans:\n  p:\n    input_schema: {schema.ReplaceLineEndings(" ")}\n    steps: {{ a: {{ agent: echo }} }}\n")],
        TestAgents.Catalog);
}
