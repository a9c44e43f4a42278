using AgentGrid.Api.Feed;
using AgentGrid.Api.Orchestrate;
using AgentGrid.Api.Requests;
using AgentGrid.Api.Security;
using AgentGrid.Core.Grid;

namespace AgentGrid.Api.Health;

/// <summary>
/// <c>/health/live</c>: the process answers. <c>/health/ready</c>: it accepts runs. <c>/health</c>: what it knows of
/// itself; it names files and loads, and so needs the scope read.
/// </summary>
internal sealed class HealthApi(IAgentGrid grid, FeedSlots slots, MemoryGate memory)
{
    public void Map(IEndpointRouteBuilder app)
    {
        var health = app.MapGroup("/health").AsApi().WithTags("Health");
        health.MapGet("/live", () => Results.Json(new ProbeView("live"))).WithName("live").Produces<ProbeView>();
        health.MapGet("/ready", ReadyAsync).WithName("ready").Produces<ProbeView>().Produces<ProbeView>(503);
        health.MapGet("/", DetailsAsync).WithName("health").Requires(ApiScope.Read)
            .Produces<HealthView>().Produces<HealthView>(503);
    }

    private async Task<IResult> ReadyAsync(CancellationToken cancellationToken)
    {
        var ready = (await grid.GetHealthAsync(cancellationToken)).Ready;
        return Results.Json(new ProbeView(ready ? "ready" : "not_ready"), statusCode: ready ? 200 : 503);
    }

    private async Task<IResult> DetailsAsync(CancellationToken cancellationToken)
    {
        var health = await grid.GetHealthAsync(cancellationToken);
        if (memory.Problem is { } problem)
        {
            health = health with { Problems = health.Problems.Add(problem) };
        }
        return Results.Json(HealthView.Of(health, slots.Open), statusCode: health.Ready ? 200 : 503);
    }
}
