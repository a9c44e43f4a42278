using Orleans.Dashboard;

namespace AgentGrid.Silo.Hosting;

/// <summary>
/// What the dashboard does in a silo once a second, most of it reading all of Orleans' counters, costs more than half as
/// much as all else that an idle silo does. Orleans begins with it as the silo starts; here it begins when somebody asks
/// for what the silo has measured, and ends when the dashboard says that nobody has looked at it for a minute.
/// </summary>
internal sealed class DashboardOnDemand(IServiceProvider services, ServiceDescriptor[] parts) : IIncomingGrainCallFilter
{
    private readonly List<ILifecycleObserver> _observers = [];
    private ILifecycleParticipant<ISiloLifecycle>[]? _parts;
    private bool _isOn;

    /// <summary>Takes the parts of a dashboard out of the life of a silo.</summary>
    /// <param name="services">Of the silo, with the dashboard.</param>
    /// <param name="before">How many services there were before the dashboard was added.</param>
    public static void Take(IServiceCollection services, int before)
    {
        var parts = services.Skip(before)
            .Where(static s => s.ServiceType == typeof(ILifecycleParticipant<ISiloLifecycle>)).ToArray();
        foreach (var part in parts)
        {
            services.Remove(part);
        }
        services.AddSingleton<IIncomingGrainCallFilter>(s => new DashboardOnDemand(s, parts));
    }

    public Task Invoke(IIncomingGrainCallContext context) =>
        context.Grain is GrainService service && service.GetType().Assembly == typeof(DashboardOptions).Assembly
            ? HeedAsync(context) : context.Invoke();

    private async Task HeedAsync(IIncomingGrainCallContext context)
    {
        switch (context.MethodName)
        {
            case "Enable" when context.Request.GetArgument(0) is false:
                await EndAsync();
                break;
            case "Enable":
            case { } name when name.StartsWith("Get", StringComparison.Ordinal):
                await BeginAsync();
                break;
        }
        await context.Invoke();
    }

    private async Task BeginAsync()
    {
        if (_isOn)
        {
            return;
        }
        _isOn = true;
        if (_parts is null)
        {
            _parts = [.. parts.Select(p => (ILifecycleParticipant<ISiloLifecycle>)p.ImplementationFactory!(services))];
            Array.ForEach(_parts, p => p.Participate(new Subscriptions(_observers)));
        }
        foreach (var observer in _observers)
        {
            await observer.OnStart(CancellationToken.None);
        }
    }

    private async Task EndAsync()
    {
        if (!_isOn)
        {
            return;
        }
        _isOn = false;
        foreach (var observer in _observers)
        {
            await observer.OnStop(CancellationToken.None);
        }
        // One has no other end than that; both can begin again after it.
        foreach (var part in _parts!)
        {
            (part as IDisposable)?.Dispose();
        }
    }

    private sealed class Subscriptions(List<ILifecycleObserver> observers) : ISiloLifecycle
    {
        public int HighestCompletedStage => ServiceLifecycleStage.Active;

        public int LowestStoppedStage => int.MaxValue;

        public IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer)
        {
            observers.Add(observer);
            return new CancellationTokenSource();
        }
    }
}
