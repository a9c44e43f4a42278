using System.ComponentModel.Design;
using System.Net;
using AgentGrid.Cluster.Tests.Damage;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.GrainInterfaces.Agents;
using AgentGrid.Grains;
using AgentGrid.Grains.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AgentGrid.Cluster.Tests.Nodes;

/// <summary>What a node does with calls, in whatever order they come.</summary>
public sealed class NodeTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-node-");
    private readonly ReleasedSlots _released;
    private readonly Gpus _gpus;
    private readonly Node _node;

    public NodeTests()
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "agents.yaml"), "agents: {}");
        var options = Options.Create(new ClusterEngineOptions { Config = _folder.FullName, GpuMemoryMb = [] });
        var grains = BackgroundLoopTests.Proxy.Of<IGrainFactory>(_ => throw new InvalidOperationException());
        var silo = BackgroundLoopTests.Proxy.Of<ILocalSiloDetails>(m => m.ReturnType == typeof(string)
            ? "node"
            : SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 1), 1));
        _released = new ReleasedSlots(grains, NullLogger<ReleasedSlots>.Instance);
        _gpus = new Gpus(options, NullLogger<Gpus>.Instance);
        _node = new Node(
            options, AgentCatalog.Of(typeof(Hanging)), _ => new Hanging(), new ServiceContainer(), TimeProvider.System, silo, grains,
            _released, _gpus, NullLogger<Node>.Instance);
    }

    public void Dispose()
    {
        _node.Dispose();
        _gpus.Dispose();
        _released.Dispose();
        _folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cancel_BeforeOrAfterTheInvocationComes_EndsItAndItsSlotIsFree(bool before)
    {
        if (before)
        {
            _node.Cancel("slot");
        }
        var invoked = _node.InvokeAsync(Request());
        if (!before)
        {
            _node.Cancel("slot");
        }

        var reply = await invoked.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.Equal(InvocationStatus.Cancelled, reply.Status);
        var load = _node.Slots.Named("hanging")!.Value;
        Assert.Equal((0, 0), (load.Running, load.Waiting));
        Assert.Empty(_node.Describe().Held);
        await _node.Running.WhenIdleAsync().WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Deadline_ClocksOfSilosAreApart_IsWhatIsLeftByTheNodesOwn()
    {
        var node = new ManualTime();
        var request = Request() with { Deadline = node.Now + TimeSpan.FromMinutes(-3), Left = TimeSpan.FromSeconds(30) };

        Assert.Equal(node.Now + TimeSpan.FromSeconds(30), request.DeadlineBy(node));
    }

    [Fact]
    public async Task Join_NothingIsKnown_SaysForHowLongTheNodeHasLived()
    {
        var reply = await _node.JoinAsync("slot");

        var driver = new ManualTime();
        Assert.Equal(driver.Now - reply.NodeFor, reply.NodeSinceBy(driver));
        Assert.True(reply.NodeFor >= TimeSpan.Zero);
    }

    private static InvocationRequest Request() => new()
    {
        Slot = "slot",
        RunId = RunId.From(new Guid(1, 2, 3, new byte[8])),
        MatchId = "m",
        Round = "1",
        Agent = "hanging",
        Step = "a",
        Attempt = 1,
        Try = 1,
        Deadline = DateTimeOffset.MaxValue,
        Input = Json.EmptyObject,
        Results = [],
    };

    [Agent("hanging")]
    private sealed class Hanging : IAgent
    {
        public async ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return Json.Null;
        }
    }
}
