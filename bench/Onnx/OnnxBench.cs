using System.Globalization;
using AgentGrid.Bench.Kinds;
using AgentGrid.Bench.Load;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Onnx;
using AgentGrid.Kinds.Tests.Onnx;

namespace AgentGrid.Bench.Onnx;

/// <summary>What batches do for a model: callers of an agent of the kind <c>onnx</c>, in a closed loop, without an engine around it.</summary>
internal static class OnnxBench
{
    private const int Width = 512;
    private const int Layers = 12;
    private const int MaxBatch = 32;

    private static readonly (string Name, string Keys)[] s_modes =
        [("off", ""), ("on", string.Create(CultureInfo.InvariantCulture, $", batch: {{ max_size: {MaxBatch} }}"))];

    public static async Task<int> RunAsync(BenchOptions options, string data)
    {
        await File.WriteAllBytesAsync(Path.Combine(data, "bench.onnx"), Model());
        var input = Input();
        Console.WriteLine(Report.DescribeMachine(data));
        Console.WriteLine("\n| batches | callers | attempts/s | p50 ms | p99 ms | attempts a run | CPU ms an attempt |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (var (name, keys) in s_modes)
        {
            await using var agent = await AgentAsync(data, keys);
            foreach (var callers in options.Concurrency)
            {
                await AgentLoad.RunAsync(agent, input, callers, TimeSpan.FromSeconds(options.Warmup));
                using var sizes = new BatchSizes();
                var before = Environment.CpuUsage.TotalTime;
                var (latencies, elapsed) = await AgentLoad.RunAsync(agent, input, callers, TimeSpan.FromSeconds(options.Seconds));
                var cpu = Environment.CpuUsage.TotalTime - before;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"| {name} | {callers} | {latencies.Length / elapsed.TotalSeconds:N0} | {RunResults.Percentile(latencies, 50):N2} | " +
                    $"{RunResults.Percentile(latencies, 99):N2} | {sizes.Mean:N1} | {cpu.TotalMilliseconds / latencies.Length:N2} |"));
            }
        }
        return 0;
    }

    private static async Task<IKindAgent> AgentAsync(string folder, string keys)
    {
        var agent = AgentLoad.Create(new OnnxKind(), string.Create(CultureInfo.InvariantCulture,
            $"kind: onnx, model: bench.onnx, device: cpu, inputs: {{ x: {{ path: input.x, shape: [1, {Width}] }} }}{keys}"), folder);
        await agent.WarmUpAsync(default);
        return agent;
    }

    // Layers of x · w: a row reads all weights, and a batch of rows does so once.
    private static byte[] Model()
    {
        var random = new Random(1);
        var weights = Enumerable.Range(0, Layers).Select(i => OnnxProto.Constant(
            $"w{i}", [Width, Width], [.. Enumerable.Range(0, Width * Width).Select(_ => (random.NextSingle() - 0.5f) / Width)]));
        var nodes = Enumerable.Range(0, Layers).Select(i => OnnxProto.Node("MatMul", $"{(i == 0 ? "x" : $"h{i}")},w{i}", i == Layers - 1 ? "y" : $"h{i + 1}"));
        return OnnxProto.Model(OnnxProto.Graph(
            [.. nodes], [OnnxProto.Value("x", OnnxProto.Float, -1, Width)], [OnnxProto.Value("y", OnnxProto.Float, -1, Width)], [.. weights]));
    }

    private static Json Input()
    {
        var random = new Random(2);
        return Json.From(new { x = Enumerable.Range(0, Width).Select(_ => MathF.Round(random.NextSingle(), 4)).ToArray() });
    }
}
