using System.Runtime.CompilerServices;
using AgentGrid.Cluster.Tests.Damage;
using AgentGrid.Silo.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Dashboard;
using Orleans.Serialization.Invocation;

namespace AgentGrid.Cluster.Tests.Silo;

public sealed class DashboardOnDemandTests
{
    private static readonly Type s_service = typeof(DashboardOptions).Assembly.GetType(
        "Orleans.Dashboard.Implementation.SiloGrainService", throwOnError: true)!;

    private readonly Part _part = new();
    private readonly DashboardOnDemand _dashboard;

    public DashboardOnDemandTests() => _dashboard = new DashboardOnDemand(
        new ServiceCollection().BuildServiceProvider(),
        [ServiceDescriptor.Singleton<ILifecycleParticipant<ISiloLifecycle>>(_ => _part)]);

    [Theory]
    [InlineData("GetCounters")]
    [InlineData("GetRuntimeStatistics")]
    [InlineData("Enable", true)]
    public async Task Invoke_SomebodyLooks_BeginsOnce(string method, params object[] arguments)
    {
        await CallAsync(method, arguments);
        await CallAsync(method, arguments);

        Assert.Equal((1, 0), (_part.Begun, _part.Ended));
    }

    [Theory]
    [InlineData("ReportCounters")]
    [InlineData("SetVersion")]
    [InlineData("InvokeCallbackAsync")]
    [InlineData("Enable", false)]
    public async Task Invoke_OfItself_BeginsNothing(string method, params object[] arguments)
    {
        await CallAsync(method, arguments);

        Assert.Equal(0, _part.Begun);
    }

    [Fact]
    public async Task Invoke_NobodyLooksAnyMore_EndsUntilSomebodyDoes()
    {
        await CallAsync("Enable", true);
        await CallAsync("Enable", false);
        Assert.Equal((1, 1), (_part.Begun, _part.Ended));

        await CallAsync("GetCounters");

        Assert.Equal((2, 1), (_part.Begun, _part.Ended));
    }

    [Fact]
    public void Take_TheDashboardOfOrleans_LeavesNoPartThatBeginsWithTheSilo()
    {
        var (parts, rest) = (0, -1);
        Host.CreateApplicationBuilder().UseOrleans(silo =>
        {
            var before = silo.Services.Count;
            silo.AddDashboard();
            parts = Parts(silo.Services, before);
            DashboardOnDemand.Take(silo.Services, before);
            rest = Parts(silo.Services, before);
        });

        Assert.True(parts > 0, "Orleans' dashboard takes no part in the life of a silo any more.");
        Assert.Equal(0, rest);
    }

    private static int Parts(IServiceCollection services, int before) =>
        services.Skip(before).Count(s => s.ServiceType == typeof(ILifecycleParticipant<ISiloLifecycle>));

    private async Task CallAsync(string method, params object[] arguments)
    {
        var wasInvoked = false;
        var request = BackgroundLoopTests.Proxy.Of<IInvokable>(_ => arguments[0]);
        var call = BackgroundLoopTests.Proxy.Of<IIncomingGrainCallContext>(m => m.Name switch
        {
            "get_Grain" => RuntimeHelpers.GetUninitializedObject(s_service),
            "get_MethodName" => method,
            "get_Request" => request,
            "Invoke" => Task.FromResult(wasInvoked = true),
            _ => throw new InvalidOperationException($"{m.Name} was not expected."),
        });

        await _dashboard.Invoke(call);

        Assert.True(wasInvoked);
    }

    private sealed class Part : ILifecycleParticipant<ISiloLifecycle>, IDisposable
    {
        public int Begun { get; private set; }

        public int Ended { get; private set; }

        public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
            nameof(Part), ServiceLifecycleStage.Last, _ =>
            {
                Begun++;
                return Task.CompletedTask;
            });

        public void Dispose() => Ended++;
    }
}
