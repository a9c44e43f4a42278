using AgentGrid.Kinds.Onnx;
using AgentGrid.Kinds.Tests.Http;

namespace AgentGrid.Kinds.Tests.Onnx;

/// <summary>What is said of an agent of the kind <c>onnx</c>.</summary>
public sealed class OnnxSettingsTests
{
    [Theory]
    [InlineData("model: a.onnx, inputs: { x: input.x }")]
    [InlineData("model: a.onnx, inputs: { x: { path: input.x, datatype: FP16, shape: [1, -1] } }, outputs: { y: a.b }, device: cuda, instances: 2, threads: 4, batch: { max_size: 16, max_delay: 5ms }, cuda: { device_id: 1, prefer_nhwc: true, cudnn_conv_algo_search: DEFAULT }, resources: { gpu_memory_mb: 4096 }")]
    [InlineData("model: a.onnx, inputs: { x: input.x }, device: cpu, batch: { max_size: 8, max_delay: 0s }, max_concurrency: 8")]
    public void Read_Good_HasNoProblems(string keys) => Assert.Empty(Problems(keys).Select(p => p.Message));

    [Theory]
    [InlineData("inputs: { x: input.x }", "AG1008", "'model' must say which file the model is")]
    [InlineData("model: 3, inputs: { x: input.x }", "AG1004", "'model': expected a text")]
    [InlineData("model: a.onnx", "AG1008", "'inputs' must say which tensors the model gets")]
    [InlineData("model: a.onnx, inputs: { x: x }", "AG1111", "'x': a path begins with 'input'")]
    [InlineData("model: a.onnx, inputs: { x: { path: input, datatype: FP8 } }", "AG1014", "'datatype' cannot be 'FP8'")]
    [InlineData("model: a.onnx, inputs: { x: input }, modle: b", "AG1002", "unknown key 'modle', did you mean 'model'?")]
    [InlineData("model: a.onnx, inputs: { x: input }, device: gpu", "AG1014", "'device' cannot be 'gpu'")]
    [InlineData("model: a.onnx, inputs: { x: input }, device: cdua", "AG1014", "'device' cannot be 'cdua', did you mean 'cuda'?")]
    [InlineData("model: a.onnx, inputs: { x: input }, instances: 0", "AG1005", "'instances' must be 1 to 64, not 0.")]
    [InlineData("model: a.onnx, inputs: { x: input }, threads: 0", "AG1005", "'threads' must be 1 to 1024, not 0.")]
    [InlineData("model: a.onnx, inputs: { x: input }, batch: 8", "AG1004", "'batch': expected a mapping, got the number 8.")]
    [InlineData("model: a.onnx, inputs: { x: input }, batch: { size: 8 }", "AG1002", "unknown key 'size'")]
    [InlineData("model: a.onnx, inputs: { x: input }, batch: { max_delay: 5ms }", "AG1008", "'max_size' must say how many rows")]
    [InlineData("model: a.onnx, inputs: { x: input }, batch: { max_size: 8, max_delay: 5 }", "AG1006", "'max_delay': ")]
    [InlineData("model: a.onnx, inputs: { x: input }, batch: { max_size: 8 }, max_concurrency: 4", "AG1013", "'max_concurrency' is 4, but with its other keys the agent waits for up to 8 attempts at once")]
    [InlineData("model: a.onnx, inputs: { x: input }, cuda: { gpu_mem_limt: 1 }", "AG1002", "unknown key 'gpu_mem_limt', did you mean 'gpu_mem_limit'?")]
    [InlineData("model: a.onnx, inputs: { x: input }, cuda: { use_tf32: [] }", "AG1004", "'use_tf32': expected a text, a number, true or false, got a list.")]
    [InlineData("model: a.onnx, inputs: { x: input }, cuda: { use_tf32: 0 }, device: cpu", "AG1013", "'cuda' has no meaning with 'device: cpu'.")]
    [InlineData("model: a.onnx, inputs: { x: input }, device: cpu, resources: { gpu_memory_mb: 1 }", "AG1013", "'gpu_memory_mb' would be reserved")]
    public void Read_Mistakes_AreReportedAtTheirPlace(string keys, string code, string message)
    {
        var problem = Assert.Single(Problems(keys).DistinctBy(p => p.Code));
        Assert.Equal((code, 2), (problem.Code, problem.Line));
        Assert.StartsWith(message, problem.Message);
    }

    [Theory]
    [InlineData("", 16)]
    [InlineData(", batch: { max_size: 4 }", 16)]
    [InlineData(", batch: { max_size: 64 }", 64)]
    [InlineData(", batch: { max_size: 64 }, max_concurrency: 100", 100)]
    public void MaxConcurrency_WithoutAWord_FillsABatch(string keys, int expected) => Assert.Equal(
        expected, Agents.Read(new OnnxKind(), $"kind: onnx, model: a.onnx, inputs: {{ x: input }}{keys}").Config!.Agents["tested"].MaxConcurrency);

    [Fact]
    public void Target_IsTheModel() => Assert.Equal(
        ("onnx", "models/a.onnx"),
        Agents.Read(new OnnxKind(), "kind: onnx, model: models/a.onnx, inputs: { x: input }").Config!.Agents["tested"].Kind is var k ? (k!.Name, k.Target) : default);

    private static IEnumerable<AgentGrid.Core.Documents.ConfigProblem> Problems(string keys) =>
        Agents.Read(new OnnxKind(), $"kind: onnx, {keys}").Problems;
}
