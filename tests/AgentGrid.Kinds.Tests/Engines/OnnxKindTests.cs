using System.Text.Json;
using AgentGrid.Kinds.Tests.Onnx;
using AgentGrid.TestKit;
using static AgentGrid.Kinds.Tests.Engines.ProcessKindTests;

namespace AgentGrid.Kinds.Tests.Engines;

/// <summary>What becomes of attempts of the kind <c>onnx</c>, on a real server of each engine. Models report no progress.</summary>
public abstract class OnnxKindTests(ServerFixture grid) : IAsyncLifetime
{
    private const long Endless = 1_000_000_000_000;

    private const string Agents = """
        agents:
          work: { kind: onnx, model: models/add.onnx, inputs: { x: input.x }, outputs: { y: frames }, threads: 1, batch: { max_size: 4 } }
          loop: { kind: onnx, model: models/loop.onnx, inputs: { n: input.n }, threads: 1 }
          choice: { kind: onnx, model: models/choice.onnx, inputs: { x: input.x }, threads: 1 }
          zeros: { kind: onnx, model: models/zeros.onnx, inputs: { n: input.n }, threads: 1 }
          ratio: { kind: onnx, model: models/ratio.onnx, inputs: { x: input.x }, threads: 1 }
          greedy: { kind: onnx, model: models/greedy.onnx, inputs: { x: input.x }, threads: 1 }
        """;

    public async ValueTask InitializeAsync()
    {
        var models = Directory.CreateDirectory(Path.Combine(grid.Folder, "config", "models")).FullName;
        foreach (var (name, model) in ((string, byte[])[])[
            ("add", TestModels.MatMulAdd()), ("double", TestModels.MatMulAdd(factor: 2)), ("loop", TestModels.Loop()),
            ("choice", TestModels.Choice()), ("zeros", TestModels.Zeros()), ("ratio", TestModels.Ratio()), ("greedy", TestModels.Greedy())])
        {
            await File.WriteAllBytesAsync(Path.Combine(models, $"{name}.onnx"), model);
        }
        if (!await grid.UseAsync(Agents))
        {
            return;
        }
        await Limits.UntilAsync(
            async () => (await AgentsAsync()).Count(a => Condition(a) == "healthy" && Target(a).StartsWith("models/", StringComparison.Ordinal)) == 6
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
    public async Task Timeout_FailsTheAttemptAndStopsTheModel()
    {
        var run = await grid.RunAsync("loop", new { n = new[] { Endless } }, timeout: "1s");
        Assert.Equal(("failed", "timeout"), (Status(run), Code(run)));
        Assert.Equal("completed", Status(await grid.RunAsync("loop", new { n = new[] { 3 } })));
    }

    [Theory]
    [InlineData("choice", "{\"x\":[[7]]}", "bad_input", 1)] // the model fails
    [InlineData("work", "{\"x\":[[1,2,3]]}", "bad_input", 1)]
    [InlineData("zeros", "{\"n\":[600000]}", "output_too_large", 1)]
    [InlineData("ratio", "{\"x\":[[0]]}", "bad_answer", 1)] // NaN is no JSON
    [InlineData("greedy", "{\"x\":[[1,2,3,4,5,6,7,8,9]]}", "out_of_memory", 2)]
    public async Task Failure_IsRetriedWhereThatCanHelp(string agent, string input, string code, int attempts)
    {
        var run = await grid.RunAsync(agent, JsonElement.Parse(input), retry: new { max_attempts = 2, backoff = "1ms" });
        Assert.Equal(("failed", code), (Status(run), Code(run)));
        Assert.Equal(attempts, Attempts(run).Count());
        if (code == "out_of_memory")
        {
            Assert.Equal("completed", Status(await grid.RunAsync(agent, JsonElement.Parse("""{"x":[[1]]}"""))));
        }
    }

    [Fact]
    public async Task Overload_WaitsForItsTurn()
    {
        var runs = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => grid.RunAsync("work", new { x = new[] { new[] { i, 0 } } })));
        Assert.All(runs.Select((r, i) => (Status(r), Output(r).GetRawText(), i)), x =>
            Assert.Equal(("completed", $$"""{"frames":[[{{x.i + 10}},20]]}"""), (x.Item1, x.Item2)));
        var metrics = await grid.Server.Client.GetStringAsync("metrics");
        Assert.Contains("agentgrid_onnx_batch_size_sum{agent=\"work\",device=\"cpu\"", metrics);
        Assert.Contains("agentgrid_onnx_run_duration_seconds_count{agent=\"work\",device=\"cpu\"", metrics);
    }

    [Fact]
    public async Task ConfigEdit_UnderLoad_EveryRunCompletesAndTheNewModelTakesOver()
    {
        using var over = new CancellationTokenSource();
        var outputs = new HashSet<int>();
        async Task LoadAsync()
        {
            while (!over.IsCancellationRequested)
            {
                var run = await grid.RunAsync("work", new { x = new[] { new[] { 1, 2 } } });
                Assert.Equal("completed", Status(run));
                lock (outputs)
                {
                    outputs.Add(Output(run).GetProperty("frames")[0][0].GetInt32());
                }
            }
        }
        var load = Enumerable.Range(0, 4).Select(_ => LoadAsync()).ToArray();
        await SeesAsync(11);
        grid.Configure(Agents.Replace("add.onnx", "double.onnx", StringComparison.Ordinal));
        await SeesAsync(12);
        // A model that is not there leaves the one before in force, and is shown.
        grid.Configure(Agents.Replace("add.onnx", "none.onnx", StringComparison.Ordinal));
        await Limits.UntilAsync(async () => Condition(await AgentAsync("work")) == "degraded", () => "not degraded");
        Assert.Contains("there is no model '", (await AgentAsync("work")).GetProperty("health").GetProperty("problem").GetString());
        await over.CancelAsync();
        await Task.WhenAll(load);
        Assert.Equal([11, 12], outputs.Order());

        Task SeesAsync(int output) => Limits.UntilAsync(
            () =>
            {
                lock (outputs)
                {
                    return outputs.Contains(output) || load.Any(l => l.IsFaulted);
                }
            },
            () => $"{output} was never seen");
    }

    [Fact]
    public async Task Agents_ShowKindTargetAndHealth()
    {
        var agent = await AgentAsync("work");
        Assert.Equal(("onnx", "models/add.onnx"), (agent.GetProperty("kind").GetString(), Target(agent)));
        Assert.Equal(("healthy", 16), (Condition(agent), agent.GetProperty("max_concurrency").GetInt32()));
    }

    [Fact]
    public async Task Kill_InTheMiddleOfARun_TheAttemptIsDeliveredAgain()
    {
        var id = await grid.PostAsync(ServerFixture.Step("loop", new { n = new[] { 200_000 } }));
        await Limits.UntilAsync(async () => (await grid.GetAsync($"api/v1/runs/{id}")).GetProperty("status").GetString() != "queued", () => "it does not run");
        await grid.Server.KillAsync();
        await grid.StartAsync();
        var run = await grid.EndAsync(id);
        Assert.Equal("completed", Status(run));
        Assert.Equal("""{"y":[200000]}""", Output(run).GetRawText());
    }

    private async Task<IEnumerable<JsonElement>> AgentsAsync() =>
        (await grid.GetAsync("api/v1/agents")).GetProperty("agents").EnumerateArray();

    private async Task<JsonElement> AgentAsync(string name) =>
        (await AgentsAsync()).First(a => a.GetProperty("name").GetString() == name);

    private static string? Condition(JsonElement agent) =>
        agent.TryGetProperty("health", out var health) ? health.GetProperty("condition").GetString() : null;

    private static string Target(JsonElement agent) => agent.TryGetProperty("target", out var target) ? target.GetString()! : "";

    private static string Code(JsonElement run) => Attempts(run).Last().GetProperty("error").GetProperty("code").GetString()!;
}

public sealed class EmbeddedOnnxKindTests(EmbeddedServer server) : OnnxKindTests(server), IClassFixture<EmbeddedServer>;

public sealed class ClusterOnnxKindTests(ClusterServer server) : OnnxKindTests(server), IClassFixture<ClusterServer>;
