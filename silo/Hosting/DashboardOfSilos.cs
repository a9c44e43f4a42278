using AgentGrid.Core.Grid;
using AgentGrid.GrainClient;
using AgentGrid.Silo.Settings;
using Orleans.Dashboard;

namespace AgentGrid.Silo.Hosting;

/// <summary>The dashboard in a process that is no silo: it shows what the silos measure.</summary>
internal static class DashboardOfSilos
{
    public static void AddDashboardOfSilos(
        this IServiceCollection services, IConfiguration configuration, SiloSettings settings)
    {
        if (!settings.Dashboard)
        {
            return;
        }
        new ServicesOfClient(services, configuration).AddDashboard(dashboard => dashboard.HideTrace = true);
        // The Orleans client is in a container of its own, and may not be connected yet.
        services.AddTransient<IGrainFactory>(s => s.FindClusterClient()
            ?? throw new GridUnavailableException(
                $"No silo of cluster '{settings.ClusterId}' can be reached, so the dashboard has nothing to show."));
    }

    private sealed record ServicesOfClient(IServiceCollection Services, IConfiguration Configuration) : IClientBuilder;
}
