using System.Collections.Immutable;
using System.Text.Json;
using AgentGrid.Api.Problems;
using AgentGrid.Api.Requests;
using AgentGrid.Api.Security;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Routing;

namespace AgentGrid.Api.Grid;

/// <summary>Agents, nodes, plans, and the router's dry run.</summary>
internal sealed class GridApi(IAgentGrid grid, OperatorLog log, ApiOptions options)
{
    private const int MaxCapabilities = 100;
    private const double MostSeconds = 365 * 86_400;

    public void Map(RouteGroupBuilder api)
    {
        api.MapGet("/agents", AgentsAsync).WithName("list_agents").WithTags("Agents").Requires(ApiScope.Read)
            .Produces<AgentList>();
        api.MapPost("/agents/{agent}/drain", (string agent, HttpRequest request) => DrainAsync(agent, true, request))
            .WithName("drain_agent").WithTags("Agents").Requires(ApiScope.Submit)
            .Produces<AgentView>().ProducesProblem(400).ProducesProblem(404);
        api.MapPost("/agents/{agent}/undrain", (string agent, HttpRequest request) => DrainAsync(agent, false, request))
            .WithName("undrain_agent").WithTags("Agents").Requires(ApiScope.Submit)
            .Produces<AgentView>().ProducesProblem(400).ProducesProblem(404);
        api.MapGet("/nodes", NodesAsync).WithName("list_nodes").WithTags("Nodes").Requires(ApiScope.Read)
            .Produces<NodeList>();
        api.MapGet("/plans", PlansAsync).WithName("list_plans").WithTags("Plans").Requires(ApiScope.Read)
            .Produces<PlanList>();
        api.MapGet("/schedules", SchedulesAsync).WithName("list_schedules").WithTags("Plans").Requires(ApiScope.Read)
            .Produces<ScheduleList>();
        api.MapPost("/route", RouteAsync).WithName("route").WithTags("Agents").Requires(ApiScope.Read)
            .Produces<RoutingDecision>().ProducesProblem(400).ProducesProblem(413).ProducesProblem(415);
    }

    private async Task<IResult> AgentsAsync(CancellationToken cancellationToken)
    {
        var agents = await grid.GetAgentsAsync(cancellationToken);
        return Results.Json(new AgentList([.. agents.Select(AgentView.Of)]));
    }

    private async Task<IResult> DrainAsync(string agent, bool drained, HttpRequest request)
    {
        var (_, problem) = await JsonBody.ReadMembersAsync(request, options.MaxBodyBytes);
        if (problem is not null)
        {
            return problem;
        }
        if (!await grid.DrainAgentAsync(agent, drained))
        {
            return new ApiProblem(404, ApiCode.NoSuchAgent, $"There is no agent '{Names.Shorten(agent)}'.");
        }
        log.Drained(request.HttpContext, agent, drained);
        var agents = await grid.GetAgentsAsync();
        return Results.Json(AgentView.Of(agents.Single(a => a.Config.Name == agent)));
    }

    private async Task<IResult> NodesAsync(CancellationToken cancellationToken) =>
        Results.Json(new NodeList(await grid.GetNodesAsync(cancellationToken)));

    private async Task<IResult> PlansAsync(CancellationToken cancellationToken) =>
        Results.Json(new PlanList(await grid.GetPlansAsync(cancellationToken)));

    private async Task<IResult> SchedulesAsync(CancellationToken cancellationToken) => Results.Json(
        new ScheduleList([.. (await grid.GetSchedulesAsync(cancellationToken)).Select(ScheduleView.Of)]));

    private async Task<IResult> RouteAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var (body, problem) = await JsonBody.ReadMembersAsync(request, options.MaxBodyBytes, "capability", "agent", "prefer", "within_seconds");
        RouteQuery? query = null;
        problem ??= Read(body, out query);
        return problem is not null ? problem : Results.Json(await grid.RouteAsync(query!, cancellationToken));
    }

    private static ApiProblem? Read(JsonElement body, out RouteQuery? query)
    {
        query = null;
        if (body.ValueKind != JsonValueKind.Object)
        {
            return JsonBody.Wrong("$", "an object with 'capability' or 'agent'");
        }
        var byAgent = body.TryGetProperty("agent", out var agent);
        if (byAgent == body.TryGetProperty("capability", out var capability))
        {
            return new ApiProblem(400, ApiCode.MissingField,
                "Exactly one of 'capability' and 'agent' is needed: {\"capability\": \"perception\"}.")
            {
                Field = byAgent ? "capability" : "$",
            };
        }
        var problem = byAgent ? ReadAgent(agent, ref query)
            : ReadCapabilities(capability, ref query) ?? (body.TryGetProperty("prefer", out var prefer) ? ReadPrefer(prefer, ref query) : null);
        return problem ?? (body.TryGetProperty("within_seconds", out var within) ? ReadWithin(within, ref query) : null);
    }

    private static ApiProblem? ReadWithin(JsonElement within, ref RouteQuery? query)
    {
        if (within.ValueKind != JsonValueKind.Number || !within.TryGetDouble(out var seconds) || seconds is not (> 0 and <= MostSeconds))
        {
            return JsonBody.Wrong("within_seconds", "a number of seconds above 0, at most a year");
        }
        query = query! with { Within = TimeSpan.FromSeconds(seconds) };
        return null;
    }

    private static ApiProblem? ReadPrefer(JsonElement prefer, ref RouteQuery? query)
    {
        if (prefer.ValueKind != JsonValueKind.Object || prefer.EnumerateObject().Any(static l => l.Value.ValueKind != JsonValueKind.String))
        {
            return JsonBody.Wrong("prefer", "an object of texts, such as {\"lang\": \"de\"}");
        }
        var labels = Labels.Of(prefer.EnumerateObject().Select(static l => KeyValuePair.Create(l.Name, l.Value.GetString()!)), out var problem);
        query = query! with { Prefer = labels };
        return problem is null ? null : new ApiProblem(400, ApiCode.InvalidValue, problem) { Field = "prefer" };
    }

    private static ApiProblem? ReadAgent(JsonElement agent, ref RouteQuery? query)
    {
        if (agent.ValueKind != JsonValueKind.String)
        {
            return JsonBody.Wrong("agent", "a string");
        }
        if (!Names.IsValid(agent.GetString()))
        {
            return Invalid("agent", "agent name", agent.GetString());
        }
        query = new RouteQuery([], agent.GetString());
        return null;
    }

    private static ApiProblem? ReadCapabilities(JsonElement capability, ref RouteQuery? query)
    {
        JsonElement[] list = capability.ValueKind == JsonValueKind.Array
            ? [.. capability.EnumerateArray()]
            : [capability];
        if (list is not { Length: > 0 and <= MaxCapabilities } || list.Any(c => c.ValueKind != JsonValueKind.String))
        {
            return JsonBody.Wrong("capability", $"a string, or a list of 1 to {MaxCapabilities} strings");
        }
        var names = list.Select(c => c.GetString()!).ToImmutableArray();
        if (names.FirstOrDefault(n => !Names.IsValid(n)) is { } bad)
        {
            return Invalid("capability", "capability", bad);
        }
        query = new RouteQuery(names);
        return null;
    }

    private static ApiProblem Invalid(string field, string what, string? name) =>
        new(400, ApiCode.InvalidValue, Names.Problem(what, name)) { Field = field };
}
