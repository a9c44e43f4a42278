using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using MyAgents;

namespace AgentGrid.Cli.Tests.Docs;

/// <summary>The example of the agent guide does what the guide says of it.</summary>
public sealed class MotionWriterTests
{
    private readonly List<int> _loaded = [];

    [Fact]
    public async Task Invoke_OnSeveralGpus_LoadsTheModelOnceOnEachAndUsesThat()
    {
        var agent = new MotionWriter(gpu =>
        {
            _loaded.Add(gpu);
            return new ModelOn(gpu);
        });

        var used = new List<double>();
        foreach (var gpu in (int?[])[1, 3, 1, null])
        {
            var output = await ((IAgent)agent).InvokeAsync(Invocation(gpu), TestContext.Current.CancellationToken);
            used.Add(output.Element.GetProperty("frames")[0][0].GetDouble());
        }

        Assert.Equal([1, 3, 1, 0], used);
        Assert.Equal([1, 3, 0], _loaded);
    }

    [Fact]
    public async Task Invoke_AfterTheModelCouldNotBeLoaded_LoadsItAgain()
    {
        var fails = true;
        var agent = new MotionWriter(gpu => fails ? throw new IOException("out of memory") : new ModelOn(gpu));

        await Assert.ThrowsAsync<IOException>(async () => await ((IAgent)agent).InvokeAsync(
            Invocation(0), TestContext.Current.CancellationToken));
        fails = false;
        var output = await ((IAgent)agent).InvokeAsync(Invocation(0), TestContext.Current.CancellationToken);

        Assert.Equal("""{"frames":[[0]]}""", output.ToString());
    }

    private static AgentInvocation Invocation(int? gpu) => new()
    {
        RunId = RunId.From(Guid.CreateVersion7()),
        Key = new RunKey("match_1", "1"),
        Agent = "motion_writer",
        Step = "motion",
        Attempt = 1,
        Deadline = DateTimeOffset.MaxValue,
        InputSource = () => Json.Parse("""{"prompt":"peek"}"""),
        Results = ImmutableDictionary<string, Json>.Empty,
        Gpu = gpu,
    };

    private sealed class ModelOn(int gpu) : IMotionModel
    {
        public Task<double[][]> WriteAsync(string prompt, CancellationToken cancellationToken) =>
            Task.FromResult<double[][]>([[gpu]]);
    }
}
