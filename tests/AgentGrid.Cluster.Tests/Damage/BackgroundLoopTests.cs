using System.ComponentModel.Design;
using System.Net;
using System.Reflection;
using AgentGrid.Core.Agents;
using AgentGrid.Engine.Store;
using AgentGrid.GrainInterfaces.Dispatch;
using AgentGrid.Grains;
using AgentGrid.Grains.Driving;
using AgentGrid.Grains.Nodes;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AgentGrid.Cluster.Tests.Damage;

/// <summary>A dispatcher that cannot start, for whatever reason, does not end what reports to it, and so the silo.</summary>
public sealed class BackgroundLoopTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-loops-");
    private readonly TaskCompletionSource _third = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IGrainFactory _grains;
    private int _calls;
    private Action _called = () => { };

    public BackgroundLoopTests()
    {
        var dispatcher = Proxy.Of<IDispatcherGrain>(_ =>
        {
            _called();
            if (++_calls == 3)
            {
                _third.SetResult();
            }
            return Task.FromException(new DamageException("r", "it is", "The run log is damaged."));
        });
        _grains = Proxy.Of<IGrainFactory>(_ => dispatcher);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task ReleasedSlots_TheDispatcherCannotStart_GoOn()
    {
        using var released = new ReleasedSlots(_grains, NullLogger<ReleasedSlots>.Instance);
        _called = () =>
        {
            if (!_third.Task.IsCompleted)
            {
                released.Add("another");
            }
        };
        released.Add("first");

        await GoesOnAsync(released);
    }

    [Fact]
    public async Task NodeReporter_TheDispatcherCannotStart_GoesOn()
    {
        await File.WriteAllTextAsync(
            Path.Combine(_folder.FullName, "agents.yaml"), "agents: {}", TestContext.Current.CancellationToken);
        var options = Options.Create(new ClusterEngineOptions { Config = _folder.FullName, GpuMemoryMb = [] });
        using var released = new ReleasedSlots(_grains, NullLogger<ReleasedSlots>.Instance);
        using var gpus = new Gpus(options, NullLogger<Gpus>.Instance);
        var silo = Proxy.Of<ILocalSiloDetails>(m => m.ReturnType == typeof(string)
            ? "node"
            : SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 1), 1));
        var node = new Node(
            options, AgentCatalog.Of([]), _ => throw new InvalidOperationException(), new ServiceContainer(),
            TimeProvider.System, silo, _grains,
            released, gpus, NullLogger<Node>.Instance);
        using var reporter = new NodeReporter(node, new ActiveRuns(), _grains, NullLogger<NodeReporter>.Instance);

        await GoesOnAsync(reporter);
    }

    private async Task GoesOnAsync(BackgroundService loop)
    {
        await loop.StartAsync(TestContext.Current.CancellationToken);
        var first = await Task.WhenAny(_third.Task, loop.ExecuteTask!);
        Assert.True(first == _third.Task, $"{loop.ExecuteTask!.Exception}");
        await loop.StopAsync(TestContext.Current.CancellationToken);
    }

    public class Proxy : DispatchProxy
    {
        private Func<MethodInfo, object?> _answer = _ => null;

        public static T Of<T>(Func<MethodInfo, object?> answer)
            where T : class
        {
            var made = Create<T, Proxy>();
            ((Proxy)(object)made)._answer = answer;
            return made;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => _answer(targetMethod!);
    }
}
