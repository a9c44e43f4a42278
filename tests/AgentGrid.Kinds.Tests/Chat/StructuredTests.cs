using AgentGrid.Kinds.Tests.Http;
using static AgentGrid.Kinds.Tests.Chat.FakeModel;

namespace AgentGrid.Kinds.Tests.Chat;

/// <summary>Answers that have to fit a schema.</summary>
public sealed class StructuredTests : IAsyncLifetime
{
    private const string Schema = """
        output_schema: { type: object, required: [score], additionalProperties: false, properties: { score: { type: integer, minimum: 0, maximum: 10 } } }
        """;

    private FakeService _service = null!;

    public async ValueTask InitializeAsync() => _service = await FakeService.StartAsync(Streams("{\"score", "\": 7}"));

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task Schema_IsSentAsItIsWrittenAndTheValueIsTheOutput()
    {
        await using var agent = _service.Agent(Schema);
        var output = await agent.RunAsync();
        Assert.StartsWith("""{"value":{"score": 7},"usage":{"input_tokens":11,""", output.ToString());
        var format = _service.Asked().GetProperty("response_format");
        Assert.Equal("json_schema", format.GetProperty("type").GetString());
        var sent = format.GetProperty("json_schema");
        Assert.Equal(10, sent.GetProperty("schema").GetProperty("properties").GetProperty("score").GetProperty("maximum").GetInt32());
        Assert.True(sent.GetProperty("strict").GetBoolean());

        await using var value = _service.Agent($"output: value, {Schema}");
        Assert.Equal("""{"score": 7}""", (await value.RunAsync()).ToString());
    }

    [Fact]
    public async Task Schema_ThatLeavesMembersOpen_IsNotAskedForStrictly()
    {
        await using var agent = _service.Agent("output_schema: { type: object, properties: { score: { type: integer } } }");
        await agent.RunAsync();
        Assert.False(_service.Asked().GetProperty("response_format").GetProperty("json_schema").TryGetProperty("strict", out _));
    }

    [Theory]
    [InlineData("object", "json_object")]
    [InlineData("prompt", null)]
    public async Task OtherModes_HaveTheSchemaInThePrompt(string mode, string? type)
    {
        _service.Respond = Streams("```json\n", """{"score": 3}""", "\n```");
        await using var agent = _service.Agent($"structured: {mode}, system: Be fair., {Schema}");
        Assert.StartsWith("""{"value":{"score": 3},""", (await agent.RunAsync()).ToString());
        var asked = _service.Asked();
        Assert.Equal(type, asked.TryGetProperty("response_format", out var format) ? format.GetProperty("type").GetString() : null);
        var system = asked.GetProperty("messages")[0].GetProperty("content").GetString();
        Assert.StartsWith("Be fair.\n\nAnswer with one JSON value that fits this JSON schema, and with nothing else:\n{", system);
        Assert.Contains("\"maximum\":10", system);
    }

    [Theory]
    [InlineData("I think 7.", "it is not JSON")]
    [InlineData("""{"score": 11}""", "it does not fit 'output_schema': at 'answer.score'")]
    [InlineData("""{"score": 1, "more": 2}""", "it does not fit 'output_schema'")]
    [InlineData("[]", "it does not fit 'output_schema'")]
    [InlineData("", "it is not JSON")]
    public async Task Answer_ThatDoesNotFit_MayBeTriedAgain(string answer, string message)
    {
        _service.Respond = Says(answer);
        await using var agent = _service.Agent($"stream: false, {Schema}");
        var error = await agent.FailAsync();
        Assert.Equal(("bad_answer", true), (error.Code, error.Retryable));
        Assert.Contains(message, error.Message);
    }
}
