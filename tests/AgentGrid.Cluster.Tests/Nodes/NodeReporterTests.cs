using System.Collections.Immutable;
using System.ComponentModel.Design;
using System.Net;
using System.Reflection;
using AgentGrid.Cluster.Tests.Damage;
using AgentGrid.Core.Agents;
using AgentGrid.GrainInterfaces.Dispatch;
using AgentGrid.Grains;
using AgentGrid.Grains.Driving;
using AgentGrid.Grains.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AgentGrid.Cluster.Tests.Nodes;

/// <summary>A node that is shut down: what it still waits for.</summary>
public sealed class NodeReporterTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-reporter-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Stopping_SlotsWereGrantedHereAndNobodyHasComeYet_WaitsForThem()
    {
        var asked = new List<string>();
        var onTheirWay = 3;

        await StopAsync(method =>
        {
            asked.Add(method.Name);
            return method.Name == nameof(IDispatcherGrain.CountOnTheirWayAsync)
                ? Task.FromResult(--onTheirWay)
                : Task.CompletedTask;
        });

        Assert.Equal(0, onTheirWay);
        // What is granted after the dispatcher has heard of it would be missed.
        Assert.Equal(nameof(IDispatcherGrain.ReportNodeAsync), asked[0]);
    }

    [Fact]
    public async Task Stopping_TheDispatcherIsAway_Ends() =>
        await StopAsync(_ => Task.FromException<int>(new TimeoutException("no answer")));

    [Fact]
    public async Task Node_HearsWhichAgentsAreDrained() => await WithAsync(
        m => m.Name == nameof(IDispatcherGrain.GetDrainedAsync) ? Task.FromResult<ImmutableArray<string>>(["tool"]) : Task.CompletedTask,
        async (node, reporter) =>
        {
            await reporter.StartAsync(TestContext.Current.CancellationToken);

            await Limits.UntilAsync(() => Task.FromResult(!node.Drained.IsEmpty), () => "the node has heard of nothing");

            Assert.True(node.Invocations.IsDrained("tool"));
            Assert.False(node.Invocations.IsDrained("other"));
            await reporter.StopAsync(TestContext.Current.CancellationToken);
        });

    private Task StopAsync(Func<MethodInfo, object?> answer) =>
        WithAsync(answer, static (_, reporter) => reporter.StoppingAsync(TestContext.Current.CancellationToken));

    private async Task WithAsync(Func<MethodInfo, object?> answer, Func<Node, NodeReporter, Task> act)
    {
        await File.WriteAllTextAsync(
            Path.Combine(_folder.FullName, "agents.yaml"), "agents: {}", TestContext.Current.CancellationToken);
        var dispatcher = BackgroundLoopTests.Proxy.Of<IDispatcherGrain>(answer);
        var grains = BackgroundLoopTests.Proxy.Of<IGrainFactory>(_ => dispatcher);
        var silo = BackgroundLoopTests.Proxy.Of<ILocalSiloDetails>(m => m.ReturnType == typeof(string)
            ? "node"
            : SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 1), 1));
        var options = Options.Create(new ClusterEngineOptions { Config = _folder.FullName, GpuMemoryMb = [] });
        using var released = new ReleasedSlots(grains, NullLogger<ReleasedSlots>.Instance);
        using var gpus = new Gpus(options, NullLogger<Gpus>.Instance);
        using var node = new Node(
            options, AgentCatalog.Of([]), _ => throw new InvalidOperationException(), new ServiceContainer(),
            TimeProvider.System, silo, grains,
            released, gpus, NullLogger<Node>.Instance);
        using var reporter = new NodeReporter(node, new ActiveRuns(), grains, NullLogger<NodeReporter>.Instance);

        await act(node, reporter);
    }
}
