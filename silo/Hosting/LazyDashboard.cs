using AgentGrid.Api.Security;
using Orleans.Dashboard;

namespace AgentGrid.Silo.Hosting;

/// <summary>
/// The pages of the dashboard. To map them packs all their files, which is an eighth of the work of starting a silo; so it is
/// done when somebody asks for one.
/// </summary>
internal static class LazyDashboard
{
    private const string Prefix = "/dashboard";

    public static void MapLazyDashboard(this WebApplication app)
    {
        var pages = new Lazy<RequestDelegate>(() => new ApplicationBuilder(app.Services)
            .UseRouting()
            .UseEndpoints(static endpoints => endpoints.MapOrleansDashboard(Prefix))
            .Build());
        // Whoever sees grains sees what is in them; so it takes a key that may do everything.
        app.Map(Prefix + "/{**page}", (HttpContext context) =>
            {
                // What was matched is this; the pages match theirs.
                context.SetEndpoint(null);
                context.Request.RouteValues.Clear();
                return pages.Value(context);
            })
            .RequiresOfBrowsers(ApiScope.Submit).ExcludeFromDescription();
    }
}
