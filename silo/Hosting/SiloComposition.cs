using AgentGrid.Api;
using AgentGrid.Api.Security;
using AgentGrid.Grains;
using AgentGrid.Grains.Nodes;
using AgentGrid.Silo.Settings;
using Orleans.Configuration;
using Orleans.Dashboard;

namespace AgentGrid.Silo.Hosting;

/// <summary>Makes a process a silo: what is the same wherever runs are kept.</summary>
internal static class SiloComposition
{
    // A client that is gone must not be waited for: others read the same streams.
    private static readonly TimeSpan ClientDrop = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestCall = TimeSpan.FromSeconds(10);

    // Every look of the dashboard at a silo costs as much as a run.
    private static readonly TimeSpan DashboardInterval = TimeSpan.FromSeconds(5);

    public static void AddSilo(this WebApplicationBuilder builder, SiloSettings settings)
    {
        var addresses = SiloAddresses.Of(settings);
        builder.Services.AddSingleton(addresses);
        AccountGpus(settings);
        // Whoever reaches the silo under this address finds its server there as well.
        var listens = ListenAddresses.Of(builder.Configuration);
        builder.Services.PostConfigure<ApiOptions>(api => api.CallbackUrl ??= ListenAddresses.ReachedAt(listens, addresses.Advertised));
        builder.UseOrleans(silo =>
        {
            silo.Configure<SiloOptions>(options => options.SiloName = addresses.Name);
            AddMessaging(silo);
            if (AgentGridTelemetry.SendsTraces(builder.Configuration))
            {
                silo.AddActivityPropagation();
            }
            settings.Mode.Configure(silo, settings, addresses);
            silo.AddAgentGrid(settings.Engine);
            if (settings.Dashboard)
            {
                var before = silo.Services.Count;
                silo.AddDashboard(dashboard =>
                {
                    dashboard.HideTrace = true;
                    dashboard.CounterUpdateIntervalMs = (int)DashboardInterval.TotalMilliseconds;
                });
                DashboardOnDemand.Take(silo.Services, before);
            }
        });
        settings.Mode.AddBeside(builder.Services);
    }

    // One process that does everything, on a machine without GPUs, runs agents that want some, as the embedded engine.
    private static void AccountGpus(SiloSettings settings)
    {
        if (settings.Role != SiloRole.All || settings.Engine.GpuMemoryMb is not null)
        {
            return;
        }
        settings.Engine.AccountGpuMemory = MachineGpus.AreThere();
    }

    private static void AddMessaging(ISiloBuilder silo)
    {
        silo.Configure<SiloMessagingOptions>(messaging =>
        {
            messaging.CancelRequestOnTimeout = true;
            messaging.ResponseTimeout = LongestCall;
            messaging.ClientDropTimeout = ClientDrop;
        });
        // Orleans' own management is all that has stateless workers here: they are few, and go when they are old.
        silo.Configure<StatelessWorkerOptions>(workers => workers.RemoveIdleWorkers = false);
    }
}
