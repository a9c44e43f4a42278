using System.Text.Json;
using AgentGrid.Core.Agents;

namespace AgentGrid.Kinds.Tests.Http;

/// <summary>A model server that speaks the Open Inference Protocol.</summary>
public sealed class KserveTests : IAsyncLifetime
{
    private const string Answer = """
        {"model_name":"motion","model_version":"1","outputs":[
          {"name":"frames","datatype":"FP32","shape":[2,2],"data":[1.0,2.50,3,4]},
          {"name":"label","datatype":"BYTES","shape":[1],"data":["run"]},
          {"name":"nested","datatype":"INT64","shape":[1,2],"data":[[5,6]]},
          {"name":"empty","datatype":"INT64","shape":[2,0],"data":[]}]}
        """;

    private FakeService _service = null!;

    public async ValueTask InitializeAsync() => _service = await FakeService.StartAsync(FakeService.With(200, Answer));

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task Request_TensorsAreMadeOfTheInput()
    {
        await using var agent = Agent("""
            inputs: { tokens: input.tokens, text: "input.note", flags: "input.flags",
              image: { path: input.image, datatype: FP32, shape: [1, -1] }, one: { path: "input.one", datatype: INT32 } }
            """);
        await agent.RunAsync("""{"tokens":[[1,2,3],[4,5,6]],"note":"hi","flags":[true,false],"image":[0.5,1,2],"one":7}""");
        Assert.Equal(
            """
            {"inputs":[
            {"name":"tokens","shape":[2,3],"datatype":"INT64","data":[1,2,3,4,5,6]},
            {"name":"text","shape":[1],"datatype":"BYTES","data":["hi"]},
            {"name":"flags","shape":[2],"datatype":"BOOL","data":[true,false]},
            {"name":"image","shape":[1,3],"datatype":"FP32","data":[0.5,1,2]},
            {"name":"one","shape":[1],"datatype":"INT32","data":[7]}]}
            """.ReplaceLineEndings(""),
            _service.Requests.Single().Body);
    }

    [Fact]
    public async Task Answer_WithoutOutputs_IsEveryTensorUnderItsName()
    {
        await using var agent = Agent("inputs: { tokens: input.tokens }");
        Assert.Equal(
            """{"frames":[[1.0,2.50],[3,4]],"label":["run"],"nested":[[5,6]],"empty":[[],[]]}""",
            (await agent.RunAsync("""{"tokens":[1.5]}""")).ToString());
        Assert.Contains("\"datatype\":\"FP32\"", _service.Requests.Single().Body);
    }

    [Fact]
    public async Task Answer_OutputsGoWhereTheyAreToGo()
    {
        await using var agent = Agent("inputs: { tokens: input }, outputs: { frames: motion.frames, label: motion.label, nested: more }");
        Assert.Equal(
            """{"motion":{"frames":[[1.0,2.50],[3,4]],"label":["run"]},"more":[[5,6]]}""", (await agent.RunAsync("[1]")).ToString());
        Assert.EndsWith("""],"outputs":[{"name":"frames"},{"name":"label"},{"name":"nested"}]}""", _service.Requests.Single().Body);
    }

    [Theory]
    [InlineData("[[1,2],[3]]", "its lists do not have the same lengths")]
    [InlineData("[[1,2],3]", "some of its values are lists, and others are not")]
    [InlineData("[1,[2]]", "its lists do not have the same lengths")]
    [InlineData("[1,null]", "numbers, texts or flags")]
    [InlineData("[{}]", "numbers, texts or flags")]
    [InlineData("[1,\"a\"]", "its values are of several types")]
    public async Task Request_WhatIsNoTensor_FailsForGood(string tokens, string message)
    {
        await using var agent = Agent("inputs: { tokens: input.tokens }");
        var error = await agent.FailAsync($$"""{"tokens":{{tokens}}}""");
        Assert.Equal(("bad_input", false), (error.Code, error.Retryable));
        Assert.Contains(message, error.Message);
        Assert.Empty(_service.Requests);
    }

    [Fact]
    public async Task Request_ShapeThatIsNotFilled_FailsForGood()
    {
        await using var agent = Agent("inputs: { tokens: { path: input.tokens, shape: [2, -1] } }");
        Assert.Contains("3 values do not fill the shape [2, -1]", (await agent.FailAsync("""{"tokens":[1,2,3]}""")).Message);
    }

    [Theory]
    [InlineData("""{"outputs":7}""", "no list 'outputs'")]
    [InlineData("[]", "no list 'outputs'")]
    [InlineData("""{"outputs":[{"shape":[1],"data":[1]}]}""", "no name or no shape")]
    [InlineData("""{"outputs":[{"name":"frames","shape":[1],"parameters":{"binary_data_size":4}}]}""", "has no 'data'")]
    [InlineData("""{"outputs":[{"name":"frames","shape":[2],"data":[1]}]}""", "has 1 values and the shape [2]")]
    [InlineData("""{"outputs":[{"name":"frames","shape":[-1],"data":[1]}]}""", "has 1 values and the shape [-1]")]
    [InlineData("""{"outputs":[{"name":"x","shape":[1],"data":[1]}]}""", "it has no tensor 'frames'; it has 'x'.")]
    public async Task Answer_ThatIsNone_FailsForGood(string answer, string message)
    {
        _service.Respond = FakeService.With(200, answer);
        await using var agent = Agent("inputs: { tokens: input }, outputs: { frames: frames }");
        var error = await agent.FailAsync("[1]");
        Assert.Equal(("bad_answer", false), (error.Code, error.Retryable));
        Assert.Contains(message, error.Message);
    }

    [Theory]
    [InlineData(400, "unexpected shape for input 'tokens'", false)]
    [InlineData(400, "Exceeds maximum queue size", true)]
    [InlineData(400, "Request for unknown model: 'motion' has no available versions", true)]
    [InlineData(404, "Request for unknown model: 'motion' is not found", false)]
    [InlineData(503, "Request timeout expired", true)]
    [InlineData(500, "in ensemble", true)]
    public async Task Failure_OfTriton_IsKnown(int status, string message, bool retryable)
    {
        _service.Respond = FakeService.With(status, JsonSerializer.Serialize(new { error = message }));
        await using var agent = Agent("inputs: { tokens: input }");
        var error = await agent.FailAsync("[1]");
        Assert.Equal(($"http_{status}", retryable), (error.Code, error.Retryable));
        Assert.EndsWith(message, error.Message);
    }

    private IKindAgent Agent(string keys) =>
        Agents.Http($"protocol: kserve, url: \"{_service.Url}/v2/models/motion/infer\", {keys.ReplaceLineEndings(" ")}");
}
