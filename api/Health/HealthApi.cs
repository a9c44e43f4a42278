using AgentGrid.Api.Requests;
using AgentGrid.Api.Security;

namespace AgentGrid.Api.Health;

/// <summary>
/// <c>/health/live</c>: the process answers. <c>/health/ready</c>: it can do its work. <c>/health</c>: what it knows of
/// itself; it names files and loads, and so needs the scope read.
/// </summary>
internal sealed class HealthApi(IHealth health)
{
    public void Map(IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/health").AsApi().WithTags("Health");
        group.MapGet("/live", () => Results.Json(new ProbeView("live"))).WithName("live").Produces<ProbeView>();
        group.MapGet("/ready", ReadyAsync).WithName("ready").Produces<ProbeView>().Produces<ProbeView>(503);
        group.MapGet("/", DetailsAsync).WithName("health").Requires(ApiScope.Read)
            .Produces<HealthView>().Produces<HealthView>(503);
    }

    private async Task<IResult> ReadyAsync(CancellationToken cancellationToken)
    {
        var ready = await health.IsReadyAsync(cancellationToken);
        return Results.Json(new ProbeView(ready ? "ready" : "not_ready"), statusCode: ready ? 200 : 503);
    }

    private async Task<IResult> DetailsAsync(CancellationToken cancellationToken)
    {
        var view = await health.DescribeAsync(cancellationToken);
        return Results.Json<object>(view, statusCode: view.Ready ? 200 : 503);
    }
}
