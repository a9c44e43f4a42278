using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Tests.Http;

namespace AgentGrid.Kinds.Tests.Onnx;

/// <summary>Tensors from JSON, and JSON of tensors.</summary>
public sealed class OnnxTensorTests : IDisposable
{
    private readonly OnnxAgents _agents = new();

    public void Dispose() => _agents.Dispose();

    [Theory]
    [InlineData(1, "[1,-0.5,3.4028235E+38,0.1]", null)]
    [InlineData(2, "[0,255]", null)]
    [InlineData(3, "[-128,127]", null)]
    [InlineData(4, "[0,65535]", null)]
    [InlineData(5, "[-32768,32767]", null)]
    [InlineData(6, "[-2147483648,2147483647]", null)]
    [InlineData(7, "[-9223372036854775808,9223372036854775807]", null)]
    [InlineData(8, "[\"zwölf\",\"\",\"a\\\"b\"]", "[\"zw\\u00F6lf\",\"\",\"a\\u0022b\"]")]
    [InlineData(9, "[true,false]", null)]
    [InlineData(10, "[1,0.1,-65500,6.1E-05]", null)]
    [InlineData(11, "[1.7976931348623157E+308,0.1]", null)]
    [InlineData(12, "[0,4294967295]", null)]
    [InlineData(13, "[0,18446744073709551615]", null)]
    [InlineData(1, "[]", null)]
    [InlineData(8, "[]", null)]
    public async Task Values_OfEveryType_ComeBack(int type, string values, string? expected)
    {
        await using var agent = _agents.Of(TestModels.Identity(type, -1));
        Assert.Equal($$"""{"y":{{expected ?? values}}}""", (await agent.RunAsync($$"""{"x":{{values}}}""")).ToString());
    }

    [Theory]
    [InlineData("[[[1,2],[3,4],[5,6]]]", "[1, 3, 2]")]
    [InlineData("[[[],[]]]", "[1, 2, 0]")]
    [InlineData("7", "[1, 1, 1]")]
    public async Task Shapes_AreThoseOfTheLists(string values, string shape)
    {
        await using var agent = _agents.Of(TestModels.Identity(OnnxProto.Float, -1, -1, -1));
        var expected = values == "7" ? "[[[7]]]" : values;
        Assert.True((await agent.RunAsync($$"""{"x":{{values}}}""")).ToString() == $$"""{"y":{{expected}}}""", shape);
    }

    [Theory]
    [InlineData(1, "[1,null]", "its value 1, counted from 0, is null, and the tensor is of FP32")]
    [InlineData(1, "[1,\"NaN\"]", "its value 1, counted from 0, is the text \"NaN\", and the tensor is of FP32")]
    [InlineData(1, "[1e39]", "its value 0, counted from 0, is 1e39, and the tensor is of FP32")]
    [InlineData(11, "[1e400]", "is 1e400, and the tensor is of FP64")]
    [InlineData(10, "[70000]", "is 70000, and the tensor is of FP16")]
    [InlineData(7, "[1.5]", "is 1.5, and the tensor is of INT64")]
    [InlineData(3, "[128]", "is 128, and the tensor is of INT8")]
    [InlineData(2, "[-1]", "is -1, and the tensor is of UINT8")]
    [InlineData(9, "[1]", "is 1, and the tensor is of BOOL")]
    [InlineData(8, "[1]", "is 1, and the tensor is of BYTES")]
    [InlineData(8, "[\"\\ud800\"]", "and the tensor is of BYTES")]
    [InlineData(1, "[{\"a\":1}]", "is an object, and the tensor is of FP32")]
    [InlineData(1, "[[1]]", "the model expects the shape [-1], and it has [1, 1]")]
    [InlineData(1, "[1,[2]]", "some of its values are lists, and others are not")]
    [InlineData(1, "[[1],2]", "some of its values are lists, and others are not")]
    [InlineData(1, "[[1],[2,3]]", "its lists do not have the same lengths")]
    [InlineData(1, "[[],[2]]", "its lists do not have the same lengths")]
    [InlineData(1, "[[1],[]]", "its lists do not have the same lengths")]
    public async Task Values_ThatAreNoTensor_AreRefusedWithTheReason(int type, string values, string reason)
    {
        await using var agent = _agents.Of(TestModels.Identity(type, -1));
        var error = await agent.FailAsync($$"""{"x":{{values}}}""");
        Assert.Equal(("bad_input", false), (error.Code, error.Retryable));
        Assert.StartsWith("Agent 'tested': 'input.x' of the input cannot be the tensor 'x': ", error.Message);
        Assert.Contains(reason, error.Message);
    }

    [Fact]
    public async Task Input_OfTheWrongShape_IsRefusedWithWhatIsExpected()
    {
        await using var agent = _agents.Of(TestModels.MatMulAdd());
        Assert.Equal("""{"y":[[11,22],[13,24]]}""", (await agent.RunAsync("""{"x":[[1,2],[3,4]]}""")).ToString());
        Assert.EndsWith(
            "the model expects the shape [-1, 2], and it has [1, 3].", (await agent.FailAsync("""{"x":[[1,2,3]]}""")).Message);
        Assert.Equal(("bad_input", false), await agent.FailAsync("""{"y":1}""") is var e ? (e.Code, e.Retryable) : default);
    }

    [Fact]
    public async Task Shape_ThatIsConfigured_IsFilled()
    {
        await using var agent = _agents.Of(
            TestModels.MatMulAdd(), "inputs: { x: { path: input, shape: [-1, 2], datatype: FP32 } }, outputs: { y: a.b }");
        Assert.Equal("""{"a":{"b":[[11,22],[13,24]]}}""", (await agent.RunAsync("[1,2,3,4]")).ToString());
        Assert.Contains("3 values do not fill the shape [-1, 2]", (await agent.FailAsync("[1,2,3]")).Message);
    }

    [Fact]
    public async Task Output_ThatIsNoNumber_FailsWithItsPlace()
    {
        await using var agent = _agents.Of(TestModels.Ratio());
        Assert.Equal("""{"y":[[1,1]]}""", (await agent.RunAsync("""{"x":[[3,4]]}""")).ToString());
        var error = await agent.FailAsync("""{"x":[[1,2],[3,0]]}""");
        Assert.Equal(("bad_answer", false), (error.Code, error.Retryable));
        Assert.Contains("the output 'y' is NaN at [1, 1], which JSON cannot express", error.Message);
    }

    [Fact]
    public async Task Output_ThatIsTooLarge_IsNotWritten()
    {
        await using var agent = _agents.Of(TestModels.Zeros(), "inputs: { n: input.n }");
        Assert.Equal("""{"y":[0,0,0]}""", (await agent.RunAsync("""{"n":3}""")).ToString());
        var error = await agent.FailAsync("""{"n":50001}""");
        Assert.Equal(("output_too_large", false), (error.Code, error.Retryable));
    }
}
