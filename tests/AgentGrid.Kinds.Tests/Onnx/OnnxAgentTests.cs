using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Tests.Http;
using AgentGrid.Kinds.Tests.Process;
using AgentGrid.TestKit;

namespace AgentGrid.Kinds.Tests.Onnx;

/// <summary>Loads, failures and the end of agents of the kind <c>onnx</c>.</summary>
public sealed class OnnxAgentTests : IDisposable
{
    private const string Endless = """{"n":1000000000000}""";

    private readonly OnnxAgents _agents = new();

    public void Dispose() => _agents.Dispose();

    [Fact]
    public async Task WarmUp_OfAGoodModel_IsReady()
    {
        await using var agent = _agents.Of(TestModels.MatMulAdd(), "inputs: { x: input.x }, instances: 2, threads: 1");
        Assert.Equal(AgentCondition.Healthy, agent.Health.Condition);
        await agent.WarmUpAsync(default);
        Assert.Equal(AgentHealth.Healthy, agent.Health);
        Assert.Equal(2, _agents.Log.Lines.Count(l => l == "Information: Agent 'tested' has loaded its model on cpu"));
        Assert.Equal("""{"y":[[11,22]]}""", (await agent.RunAsync("""{"x":[[1,2]]}""")).ToString());
    }

    [Fact]
    public async Task WarmUp_ThatFails_IsRepeatedAndAttemptsFailAtOnceMeanwhile()
    {
        await using var agent = _agents.Of("model: later.onnx, inputs: { x: input.x }");
        var problem = await Assert.ThrowsAsync<AgentException>(() => agent.WarmUpAsync(default));
        Assert.Equal(("model_not_loaded", false), (problem.Code, problem.Retryable));
        Assert.Contains($"there is no model '{Path.Combine(_agents.Folder, "later.onnx")}'", problem.Message);
        Assert.Equal(AgentHealth.Unhealthy(problem.Message), agent.Health);
        Assert.Equal(problem.Message, (await agent.FailAsync("""{"x":[[1,2]]}""")).Message);
        _agents.Write("later.onnx", TestModels.MatMulAdd());
        await Limits.UntilAsync(() => agent.Health == AgentHealth.Healthy, () => "it did not try again");
        Assert.Equal("""{"y":[[11,22]]}""", (await agent.RunAsync("""{"x":[[1,2]]}""")).ToString());
    }

    [Theory]
    [InlineData("inputs: { x: input.x, z: input.z }", "the model has no input 'z'; it has 'x'.")]
    [InlineData("inputs: {}", "'inputs' must say where the values of the model's input 'x' come from.")]
    [InlineData("inputs: { x: input.x }, outputs: { z: z }", "the model has no output 'z'; it has 'y'.")]
    [InlineData("inputs: { x: { path: input.x, datatype: INT64 } }", "the input 'x' is of FP32 in the model, and of INT64 in 'inputs'.")]
    public async Task WarmUp_OfWhatDoesNotGoTogether_SaysWhat(string keys, string reason)
    {
        await using var agent = _agents.Of(TestModels.MatMulAdd(), keys);
        var problem = await Assert.ThrowsAsync<AgentException>(() => agent.WarmUpAsync(default));
        Assert.Equal("model_not_loaded", problem.Code);
        Assert.EndsWith(reason, problem.Message);
    }

    [Fact]
    public async Task WarmUp_OfModelsThatAreNone_SaysWhy()
    {
        foreach (var (model, keys, reason) in ((byte[], string, string)[])[
            ([1, 2, 3], "inputs: { x: input.x }", "the model 'tested.onnx' cannot be loaded on cpu: "),
            (TestModels.Identity(16, 1), "inputs: { x: input.x }", "the input 'x' is of BFloat16, which JSON has no numbers for."),
            (TestModels.Given(), "inputs: {}, batch: { max_size: 2 }", "the model has no inputs, so there is nothing to batch"),
            (TestModels.Loop(), "inputs: { n: input.n }, batch: { max_size: 2 }", "'n' has the shape [1], and what is in a batch"),
            (TestModels.Different(), "inputs: { x: input.x }, batch: { max_size: 2 }", "the output 'y' of 2 rows has the shape [1]")])
        {
            await using var agent = _agents.Of(model, keys);
            var problem = await Assert.ThrowsAsync<AgentException>(() => agent.WarmUpAsync(default));
            Assert.Equal("model_not_loaded", problem.Code);
            Assert.Contains(reason, problem.Message);
        }
    }

    [Fact]
    public async Task WhatOnnxRuntimeSays_IsInTheLogOfTheAgent()
    {
        await using var agent = _agents.Of(OnnxProto.Model(OnnxProto.Graph(
            [OnnxProto.Node("Identity", "x", "y")], [OnnxProto.Value("x", OnnxProto.Float, 1)], [OnnxProto.Value("y", OnnxProto.Float, 1)],
            OnnxProto.Constant("needless", [1], 1f))), name: "talked_about");
        await agent.WarmUpAsync(default);
        Assert.Contains(_agents.Log.Lines, l =>
            l.StartsWith("Warning: Agent 'talked_about': ONNX Runtime: ", StringComparison.Ordinal) && l.Contains("needless", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ModelWithoutInputs_Computes()
    {
        await using var agent = _agents.Of(TestModels.Given(), "inputs: {}");
        Assert.Equal("""{"y":[1,2]}""", (await agent.RunAsync()).ToString());
    }

    [Fact]
    public async Task Cancel_StopsTheModelAndTheNextAttemptWorks()
    {
        await using var agent = _agents.Of(TestModels.Loop(), "inputs: { n: input.n }, threads: 1");
        await agent.WarmUpAsync(default);
        for (var i = 0; i < 3; i++)
        {
            using var cancellation = new CancellationTokenSource();
            var run = agent.InvokeAsync(Programs.Invocation(Endless), cancellation.Token).AsTask();
            var waiting = agent.RunAsync("""{"n":3}""");
            await Task.WhenAny(run, waiting, Task.Delay(20));
            Assert.False(run.IsCompleted || waiting.IsCompleted);
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.WaitAsync(Limits.Patience));
            Assert.Equal("""{"y":[3]}""", (await waiting).ToString());
        }
        Assert.DoesNotContain(_agents.Log.Lines, l => l.StartsWith("Error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Cancel_OfWhatWaits_LeavesWhatRunsAlone()
    {
        await using var agent = _agents.Of(TestModels.Loop(), "inputs: { n: input.n }, threads: 1");
        using var running = new CancellationTokenSource();
        using var waiting = new CancellationTokenSource();
        var first = agent.InvokeAsync(Programs.Invocation(Endless), running.Token).AsTask();
        var second = agent.InvokeAsync(Programs.Invocation(Endless), waiting.Token).AsTask();
        await waiting.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.WaitAsync(Limits.Patience));
        Assert.False(first.IsCompleted);
        await running.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.WaitAsync(Limits.Patience));
    }

    [Fact]
    public async Task Dispose_WhileItComputes_EndsTheAttemptAndTheProcessLives()
    {
        var agent = _agents.Of(TestModels.Loop(), "inputs: { n: input.n }, threads: 1, instances: 2");
        await agent.WarmUpAsync(default);
        var runs = Enumerable.Range(0, 4).Select(_ => agent.FailAsync(Endless)).ToArray();
        await agent.DisposeAsync().AsTask().WaitAsync(Limits.Patience);
        Assert.All(await Task.WhenAll(runs), e => Assert.Equal("model_unavailable", e.Code));
        Assert.Equal("model_unavailable", (await agent.FailAsync(Endless)).Code);
    }

    [Fact]
    public async Task InputThatTheModelCannotTake_FailsForGood()
    {
        await using var agent = _agents.Of(TestModels.Choice());
        Assert.Equal("""{"y":[[101],[102]]}""", (await agent.RunAsync("""{"x":[[1],[2]]}""")).ToString());
        var error = await agent.FailAsync("""{"x":[[7]]}""");
        Assert.Equal(("bad_input", false), (error.Code, error.Retryable));
        Assert.Contains("idx=7", error.Message);
        Assert.DoesNotContain("ErrorCode", error.Message);
    }

    [Fact]
    public async Task OutOfMemory_MayBeTriedAgainAndTheModelIsLoadedAnew()
    {
        await using var agent = _agents.Of(TestModels.Greedy());
        var error = await agent.FailAsync("""{"x":[[1,2,3,4,5,6,7,8,9]]}""");
        Assert.Equal(("out_of_memory", true), (error.Code, error.Retryable));
        Assert.Equal("""{"y":[[1,2]]}""", (await agent.RunAsync("""{"x":[[1,2]]}""")).ToString());
        Assert.Equal(2, _agents.Log.Lines.Count(l => l.EndsWith("has loaded its model on cpu", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Auto_WhereTheGpuCannotBeUsed_ComputesOnTheCpuAndSaysSoOnce()
    {
        await using var agent = _agents.Of(TestModels.MatMulAdd(), resources: ", resources: { gpu_memory_mb: 100 }");
        for (var gpu = 0; gpu < 2; gpu++)
        {
            var output = await agent.InvokeAsync(Programs.Invocation("""{"x":[[1,2]]}""", gpu: gpu), default);
            Assert.Equal("""{"y":[[11,22]]}""", output.ToString());
        }
        Assert.StartsWith(
            "Warning: Agent 'tested' computes on the CPU: GPU 0 cannot be used: ",
            Assert.Single(_agents.Log.Lines, l => l.StartsWith("Warning", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Load_WhereMemoryIsLeased_IsTriedAgainByAnAttemptAndNotBetweenThem()
    {
        var time = new ManualTime();
        (_agents.Time, _agents.LeasesGpuMemory) = (time, true);
        await using var agent = _agents.Of(
            TestModels.MatMulAdd(), "inputs: { x: input.x }, outputs: { z: z }", ", resources: { gpu_memory_mb: 100 }");
        await agent.WarmUpAsync(default);
        Assert.Equal("model_not_loaded", (await FailAsync()).Code);
        _agents.Write("tested.onnx", TestModels.MatMulAdd(output: "z"));
        time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal("model_not_loaded", (await FailAsync()).Code);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.DoesNotContain(_agents.Log.Lines, l => l.Contains("has loaded its model", StringComparison.Ordinal));
        var output = await agent.InvokeAsync(Programs.Invocation("""{"x":[[1,2]]}""", gpu: 0), default).AsTask().WaitAsync(Limits.Patience);
        Assert.Equal("""{"z":[[11,22]]}""", output.ToString());

        Task<AgentException> FailAsync() => Assert.ThrowsAsync<AgentException>(
            () => agent.InvokeAsync(Programs.Invocation("""{"x":[[1,2]]}""", gpu: 0), default).AsTask().WaitAsync(Limits.Patience));
    }

    [Fact]
    public async Task WarmUp_OfAModelForALeasedGpu_LooksForTheFile()
    {
        _agents.LeasesGpuMemory = true;
        await using var agent = _agents.Of("model: none.onnx, inputs: { x: input.x }, resources: { gpu_memory_mb: 100 }");
        Assert.Contains("there is no model '", (await Assert.ThrowsAsync<AgentException>(() => agent.WarmUpAsync(default))).Message);
    }

    [Fact]
    public async Task Cuda_WhereThereIsNone_IsRefused()
    {
        await using var agent = _agents.Of(TestModels.MatMulAdd(), "inputs: { x: input.x }, device: cuda");
        var problem = await Assert.ThrowsAsync<AgentException>(() => agent.WarmUpAsync(default));
        Assert.Equal(("model_not_loaded", false), (problem.Code, problem.Retryable));
        Assert.Contains("the model 'tested.onnx' cannot be loaded on cuda:0: ", problem.Message);
        Assert.Equal(AgentCondition.Unhealthy, agent.Health.Condition);
    }

    [Fact]
    public async Task WeightsBesideTheModel_AreFound()
    {
        // The constant b of the model: 8 bytes at the beginning of another file.
        static OnnxProto Entry(string key, string value) => new OnnxProto().Add(1, key).Add(2, value);
        var weights = new OnnxProto().Add(1, 2).Add(2, OnnxProto.Float).Add(8, "b")
            .Add(13, Entry("location", "tested.onnx.data"), Entry("offset", "0"), Entry("length", "8")).Add(14, 1);
        File.WriteAllBytes(Path.Combine(_agents.Folder, "tested.onnx.data"), [0, 0, 128, 63, 0, 0, 0, 64]);
        await using var agent = _agents.Of(OnnxProto.Model(OnnxProto.Graph(
            [OnnxProto.Node("Add", "x,b", "y")], [OnnxProto.Value("x", OnnxProto.Float, 2)], [OnnxProto.Value("y", OnnxProto.Float, 2)], weights)));
        Assert.Equal("""{"y":[2,4]}""", (await agent.RunAsync("""{"x":[1,2]}""")).ToString());
    }
}
