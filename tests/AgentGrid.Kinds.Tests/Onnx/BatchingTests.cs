using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;
using AgentGrid.Kinds.Tests.Http;
using AgentGrid.Kinds.Tests.Process;
using AgentGrid.TestKit;

namespace AgentGrid.Kinds.Tests.Onnx;

/// <summary>Attempts that are computed together.</summary>
public sealed class BatchingTests : IDisposable
{
    // Far more than any test takes: a batch is full, or the test fails.
    private const string Keys = "inputs: { x: input.x }, threads: 1, batch: { max_size: 4, max_delay: 10m }";

    private static int s_agents;

    private readonly OnnxAgents _agents = new();
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<double> _sizes = new();
    private readonly ConcurrentQueue<string> _timed = new();
    private readonly string _name = $"batched_{Interlocked.Increment(ref s_agents)}";

    public BatchingTests()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == GridInstruments.Name && instrument.Name.StartsWith("agentgrid.onnx.", StringComparison.Ordinal))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<int>((_, value, tags, _) => Add(value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) =>
        {
            if (Tag(tags, "agent") == _name)
            {
                _timed.Enqueue($"{instrument.Name} {instrument.Unit} {Tag(tags, "device")}");
            }
        });
        _listener.Start();
    }

    public void Dispose()
    {
        _listener.Dispose();
        _agents.Dispose();
    }

    [Fact]
    public async Task Attempts_ThatComeTogether_AreOneRunAndEachHasItsOwn()
    {
        await using var agent = await AgentAsync(TestModels.MatMulAdd());
        var outputs = await Task.WhenAll(
            agent.RunAsync("""{"x":[[1,2],[3,4]]}"""), agent.RunAsync("""{"x":[[5,6]]}"""), agent.RunAsync("""{"x":[[7,8]]}"""));
        Assert.Equal(
            ["""{"y":[[11,22],[13,24]]}""", """{"y":[[15,26]]}""", """{"y":[[17,28]]}"""], outputs.Select(o => o.ToString()));
        Assert.Equal([3], _sizes);
        Assert.Equal(
            ["agentgrid.onnx.queue_wait s cpu", "agentgrid.onnx.queue_wait s cpu", "agentgrid.onnx.queue_wait s cpu", "agentgrid.onnx.run.duration s cpu"],
            _timed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Texts_AreBatchedAsWell()
    {
        await using var agent = await AgentAsync(TestModels.Identity(8, -1, 1));
        var outputs = await Task.WhenAll(((string[])["a", "b", "c", "d"]).Select(t => agent.RunAsync($$"""{"x":[["{{t}}"]]}""")));
        Assert.Equal(["a", "b", "c", "d"], outputs.Select(o => o.Element.GetProperty("y")[0][0].GetString()));
        Assert.Equal([4], _sizes);
    }

    [Fact]
    public async Task OneThatFails_FailsAlone()
    {
        await using var agent = await AgentAsync(TestModels.Choice());
        var good = new[] { 0, 1, 2 }.Select(x => agent.RunAsync($$"""{"x":[[{{x}}]]}""")).ToArray();
        var bad = await agent.FailAsync("""{"x":[[7]]}""");
        Assert.Equal(("bad_input", false), (bad.Code, bad.Retryable));
        Assert.Equal([100, 101, 102], (await Task.WhenAll(good)).Select(o => o.Element.GetProperty("y")[0][0].GetInt32()));
        Assert.Equal([4, 1, 1, 1, 1], _sizes);
    }

    [Fact]
    public async Task MemoryThatRunsOut_HalvesTheBatchAndNobodyFails()
    {
        await using var agent = await AgentAsync(TestModels.Greedy());
        var outputs = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => agent.RunAsync($$"""{"x":[[{{i}},1,2]]}""")));
        Assert.Equal([0, 1, 2, 3], outputs.Select(o => o.Element.GetProperty("y")[0][0].GetInt32()));
        Assert.Equal([4, 2, 2], _sizes);
        Assert.Contains(_agents.Log.Lines, l => l.StartsWith(
            $"Warning: Agent '{_name}': memory has run out; from now on at most 2 rows are computed at once: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task DifferentShapes_AreNotMixed()
    {
        await using var agent = await AgentAsync(TestModels.Greedy());
        var narrow = Enumerable.Range(0, 4).Select(_ => agent.RunAsync("""{"x":[[1]]}"""));
        var wide = Enumerable.Range(0, 4).Select(_ => agent.RunAsync("""{"x":[[1,2]]}"""));
        var outputs = await Task.WhenAll([.. narrow, .. wide]);
        Assert.Equal(8, outputs.Length);
        Assert.Equal([4, 4], _sizes);
    }

    [Fact]
    public async Task OneThatIsCancelled_LeavesTheOthersAlone()
    {
        await using var agent = await AgentAsync(TestModels.MatMulAdd());
        using var cancellation = new CancellationTokenSource();
        var cancelled = agent.InvokeAsync(Programs.Invocation("""{"x":[[1,1]]}"""), cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.WaitAsync(Limits.Patience));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => agent.RunAsync("""{"x":[[1,2]]}""")));
        Assert.Equal([4], _sizes);
    }

    [Fact]
    public async Task Load_OfManyCallers_EachHasItsOwn()
    {
        await using var agent = await AgentAsync(
            TestModels.MatMulAdd(), "inputs: { x: input.x }, threads: 1, instances: 2, batch: { max_size: 8 }");
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async caller =>
        {
            for (var i = 0; i < 50; i++)
            {
                var output = await agent.RunAsync($$"""{"x":[[{{caller}},{{i}}]]}""");
                Assert.Equal($$"""{"y":[[{{caller + 10}},{{i + 20}}]]}""", output.ToString());
            }
        }));
        Assert.Equal(800, _sizes.Sum());
    }

    private async Task<IKindAgent> AgentAsync(byte[] model, string keys = Keys)
    {
        var agent = _agents.Of(model, keys, name: _name);
        await agent.WarmUpAsync(default);
        return agent;
    }

    private void Add(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (Tag(tags, "agent") == _name)
        {
            _sizes.Enqueue(value);
        }
    }

    private static string? Tag(ReadOnlySpan<KeyValuePair<string, object?>> tags, string name)
    {
        foreach (var tag in tags)
        {
            if (tag.Key == name)
            {
                return tag.Value as string;
            }
        }
        return null;
    }
}
