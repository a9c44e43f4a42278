using System.Text.Json;
using AgentGrid.Kinds.Tests.Onnx;
using AgentGrid.TestKit;
using static AgentGrid.Kinds.Tests.Engines.ProcessKindTests;

namespace AgentGrid.Kinds.Tests.Engines;

/// <summary>What becomes of attempts of the kind <c>onnx</c>, on a real server of each engine. Models report no progress.</summary>
public abstract class OnnxKindTests(ServerFixture grid) : IAsyncLifetime
{
    protected const long Endless = 1_000_000_000_000;

    protected const string Agents = """
        agents:
          work: { kind: onnx, model: models/add.onnx, inputs: { x: input.x }, outputs: { y: frames }, threads: 1, batch: { max_size: 4 } }
          loop: { kind: onnx, model: models/loop.onnx, inputs: { n: input.n }, threads: 1 }
        """;

    public async ValueTask InitializeAsync()
    {
        var models = Directory.CreateDirectory(Path.Combine(grid.Folder, "config", "models")).FullName;
        foreach (var (name, model) in ((string, byte[])[])[
            ("add", TestModels.MatMulAdd()), ("double", TestModels.MatMulAdd(factor: 2)), ("loop", TestModels.Loop())])
        {
            await File.WriteAllBytesAsync(Path.Combine(models, $"{name}.onnx"), model);
        }
        if (!await grid.UseAsync(Agents))
        {
            return;
        }
        await Limits.UntilAsync(
            async () => (await AgentsAsync()).Count(a => Condition(a) == "healthy" && Target(a).StartsWith("models/", StringComparison.Ordinal)) == 2
                && Target(await AgentAsync("work")) == "models/add.onnx",
            () => "the models are not loaded");
        // The one of the test before may still be in use.
        await Limits.UntilAsync(
            async () => await grid.RunAsync("work", new { x = new[] { new[] { 1, 2 } } }) is var run && Status(run) == "completed"
                && Output(run).GetRawText() == """{"frames":[[11,22]]}""",
            () => "the agent is not the one that is configured");
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Success_OutputIsTheStepsOutput()
    {
        var run = await grid.RunAsync("work", new { x = new[] { new[] { 1, 2 }, [3, 4] } });
        Assert.Equal("completed", Status(run));
        Assert.Equal("""{"frames":[[11,22],[13,24]]}""", Output(run).GetRawText());
    }

    [Fact]
    public async Task Cancel_ReachesTheModel()
    {
        var id = await grid.PostAsync(ServerFixture.Step("loop", new { n = new[] { Endless } }));
        await Limits.UntilAsync(
            async () => (await grid.GetAsync($"api/v1/runs/{id}")).GetProperty("steps")[0].GetProperty("attempts").EnumerateArray()
                .Any(static a => a.TryGetProperty("started_at", out _)),
            () => "it does not run");
        using var answer = await grid.Server.Client.PostAsync($"api/v1/runs/{id}/cancel", null);
        Assert.True(answer.IsSuccessStatusCode);
        Assert.Equal("cancelled", Status(await grid.EndAsync(id)));
        // There is one instance, which is free for this now.
        Assert.Equal("completed", Status(await grid.RunAsync("loop", new { n = new[] { 3 } })));
    }

    [Fact]
    public async Task Agents_ShowKindTargetAndHealth()
    {
        var agent = await AgentAsync("work");
        Assert.Equal(("onnx", "models/add.onnx"), (agent.GetProperty("kind").GetString(), Target(agent)));
        Assert.Equal(("healthy", 16), (Condition(agent), agent.GetProperty("max_concurrency").GetInt32()));
    }

    private async Task<IEnumerable<JsonElement>> AgentsAsync() =>
        (await grid.GetAsync("api/v1/agents")).GetProperty("agents").EnumerateArray();

    protected async Task<JsonElement> AgentAsync(string name) =>
        (await AgentsAsync()).First(a => a.GetProperty("name").GetString() == name);

    protected static string? Condition(JsonElement agent) =>
        agent.TryGetProperty("health", out var health) ? health.GetProperty("condition").GetString() : null;

    private static string Target(JsonElement agent) => agent.TryGetProperty("target", out var target) ? target.GetString()! : "";
}

[Collection(nameof(EmbeddedServer))]
public sealed class EmbeddedOnnxKindTests(EmbeddedServer grid) : OnnxKindTests(grid)
{
    private readonly EmbeddedServer _grid = grid;

    [Fact]
    public async Task Timeout_FailsTheAttemptAndStopsTheModel()
    {
        var run = await _grid.RunAsync("loop", new { n = new[] { Endless } }, timeout: "1s");
        Assert.Equal(("failed", "timeout"), (Status(run), Code(run)));
        Assert.Equal("completed", Status(await _grid.RunAsync("loop", new { n = new[] { 3 } })));
    }

    [Fact]
    public async Task Overload_WaitsForItsTurn()
    {
        var runs = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => _grid.RunAsync("work", new { x = new[] { new[] { i, 0 } } })));
        Assert.All(runs.Select((r, i) => (Status(r), Output(r).GetRawText(), i)), x =>
            Assert.Equal(("completed", $$"""{"frames":[[{{x.i + 10}},20]]}"""), (x.Item1, x.Item2)));
        var metrics = await _grid.Server.Client.GetStringAsync("metrics");
        Assert.Contains("agentgrid_onnx_batch_size_sum{agent=\"work\",device=\"cpu\"", metrics);
        Assert.Contains("agentgrid_onnx_run_duration_seconds_count{agent=\"work\",device=\"cpu\"", metrics);
    }

    [Fact]
    public async Task ConfigEdit_UnderLoad_EveryRunCompletesAndTheNewModelTakesOver()
    {
        var outputs = await _grid.UnderLoadAsync(
            "work", new { x = new[] { new[] { 1, 2 } } }, static o => o.GetProperty("frames")[0][0].GetRawText(), async sees =>
            {
                await sees("11");
                _grid.Configure(Agents.Replace("add.onnx", "double.onnx", StringComparison.Ordinal));
                await sees("12");
                // A model that is not there leaves the one before in force, and is shown.
                _grid.Configure(Agents.Replace("add.onnx", "none.onnx", StringComparison.Ordinal));
                await Limits.UntilAsync(async () => Condition(await AgentAsync("work")) == "degraded", () => "not degraded");
                Assert.Contains("there is no model '", (await AgentAsync("work")).GetProperty("health").GetProperty("problem").GetString());
            });
        Assert.Equal(["11", "12"], outputs);
    }
}

[Collection(nameof(ClusterServer))]
public sealed class ClusterOnnxKindTests(ClusterServer grid) : OnnxKindTests(grid);
