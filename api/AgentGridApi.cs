using AgentGrid.Api.A2a;
using AgentGrid.Api.Callbacks;
using AgentGrid.Api.Feed;
using AgentGrid.Api.Grid;
using AgentGrid.Api.Health;
using AgentGrid.Api.Mcp;
using AgentGrid.Api.OpenApi;
using AgentGrid.Api.Orchestrate;
using AgentGrid.Api.Plans;
using AgentGrid.Api.Problems;
using AgentGrid.Api.Requests;
using AgentGrid.Api.Runs;
using AgentGrid.Api.Security;
using AgentGrid.Api.Settings;
using AgentGrid.Api.Telemetry;
using AgentGrid.Api.WebConsole;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace AgentGrid.Api;

/// <summary>Puts the client API into any ASP.NET Core program that has an <see cref="IAgentGrid"/>.</summary>
public static class AgentGridApi
{
    private const string StrictUnpacking = "System.IO.Compression.UseStrictValidation";

    private const string Index = """
        Agent Grid

        POST /api/v1/orchestrate                start a run: match_id, round and whatever agents are to be given
        POST /api/v1/runs                       start a run: key, input, plan
        GET  /api/v1/runs                       runs; /runs/{run_id}, /runs/{run_id}/events, /runs/{run_id}/receipt
        POST /api/v1/runs/{run_id}/signals/{name}  what a step waits for
        GET  /api/v1/approvals                  what waits for people
        GET  /api/v1/agents                     agents, with their load
        GET  /api/v1/plans                      plans
        GET  /api/v1/plans/{plan}/hedges        what backups have cost and gained
        POST /api/v1/plans/check                what is wrong with a plan; starts nothing
        POST /api/v1/route                      which agent would get this, and why
        WS   /ws/agents                         every event, live
        POST /mcp                               plans as tools, for language models
        POST /a2a                               plans as skills, for other agents; /.well-known/agent-card.json
        POST /api/v1/tickets                    lets a browser show a ticket where it cannot send a key
        GET  /health                            how the server is; /health/live, /health/ready
        GET  /metrics                           metrics, for Prometheus
        GET  /openapi/v1.json                   all of this for programs; /scalar for people

        """;

    /// <summary>
    /// Adds what <see cref="MapAgentGridApi"/> needs; can be called more than once. The options come from the
    /// configuration section <c>AgentGrid</c>, and then from <paramref name="configure"/>.
    /// </summary>
    public static IServiceCollection AddAgentGridApi(
        this IServiceCollection services, Action<ApiOptions>? configure = null)
    {
        if (services.All(s => s.ServiceType != typeof(FeedSlots)))
        {
            AddOnce(services);
        }
        return configure is null ? services : services.Configure(configure);
    }

    /// <summary>
    /// Maps every route, and puts access control and problem documents before them. Refuses addresses that other
    /// machines can reach while nothing asks callers who they are.
    /// </summary>
    /// <exception cref="StartupRefusedException">The addresses do not allow a start.</exception>
    /// <exception cref="OptionsValidationException">The options do not allow a start.</exception>
    public static WebApplication MapAgentGridApi(this WebApplication app)
    {
        Guard(app);
        MapRoutes(app, app.Services.GetRequiredService<IOptions<ApiOptions>>().Value);
        return app;
    }

    /// <summary>
    /// Maps health and metrics alone, behind the same access control: for a process of a grid that takes no requests for
    /// it.
    /// </summary>
    /// <inheritdoc cref="MapAgentGridApi" path="/exception"/>
    public static WebApplication MapAgentGridHealth(this WebApplication app, IHealth health)
    {
        Guard(app);
        new HealthApi(health).Map(app);
        app.Services.GetRequiredService<TelemetryApi>().Map(app);
        new CallbackApi(app.Services.GetRequiredService<CallbackDesk>()).Map(app);
        return app;
    }

    // Lets requests pass or not.
    private static void Guard(WebApplication app)
    {
        var options = app.Services.GetRequiredService<IOptions<ApiOptions>>().Value;
        var addresses = ListenAddresses.Of(app.Configuration).Concat(app.Urls).ToList();
        if (ListenAddresses.Refusal(addresses, options) is { } refusal)
        {
            throw new StartupRefusedException(refusal);
        }
        var guard = new AccessGuard(
            ApiKeyRing.Read(options.ApiKeys), app.Services.GetRequiredService<Tickets>(), options.TrustedHosts,
            addresses.All(ListenAddresses.IsLoopback));
        // Before the gate, so that a page can read refusals. Others than trusted pages do not get this far, because the
        // middleware would answer their preflights as well, with 204 and nothing in it.
        app.UseWhen(
            context => guard.IsTrustedPage(context.Request.Headers.Origin.ToString()),
            branch => branch.UseCors(TrustedPages.Allow));
        app.UseMiddleware<ApiGate>(guard);
    }

    private static void AddOnce(IServiceCollection services)
    {
        if (!AppContext.TryGetSwitch(StrictUnpacking, out _))
        {
            // Otherwise half a body is unpacked to half a text, and nobody is told.
            AppContext.SetSwitch(StrictUnpacking, true);
        }
        services.AddOptions<ApiOptions>().ReadSection(ApiSettings.ReadAlone).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ApiOptions>, ApiOptionsValidation>();
        services.AddSingleton(s => new FeedSlots(s.GetRequiredService<IOptions<ApiOptions>>().Value));
        services.AddSingleton(s => new TelemetryApi(s.GetRequiredService<FeedSlots>()));
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<OverloadLog>();
        services.AddSingleton(s => new CallbackDesk(
            s.GetRequiredService<IOptions<ApiOptions>>(), s.GetService<IServer>(), s.GetService<IConfiguration>()));
        services.AddSingleton<ICallbacks>(s => s.GetRequiredService<CallbackDesk>());
        services.AddSingleton(s => new Waiting(s.GetRequiredService<IOptions<ApiOptions>>().Value));
        services.TryAddSingleton(s => MemoryGate.OfProcess(s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(s => new Tickets(
            s.GetRequiredService<IOptions<ApiOptions>>(), s.GetRequiredService<TimeProvider>()));
        services.AddCors();
        services.ConfigureHttpJsonOptions(json => JsonConventions.Apply(json.SerializerOptions));
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<ApiOptions>>((kestrel, api) =>
        {
            kestrel.AddServerHeader = false;
            // The API counts bodies itself and answers with a reason; Kestrel's limit is there for everything else.
            kestrel.Limits.MaxRequestBodySize = Math.Max(30_000_000, api.Value.MaxBodyBytes);
        });
        services.AddAgentGridOpenApi();
        McpApi.Add(services);
    }

    private static void MapRoutes(WebApplication app, ApiOptions options)
    {
        var services = app.Services;
        var grid = services.GetRequiredService<IAgentGrid>();
        var log = ActivatorUtilities.CreateInstance<OperatorLog>(services);
        var api = app.MapGroup("/api/v1").AsApi();
        var orchestrate = ActivatorUtilities.CreateInstance<OrchestrateEndpoint>(services, options);
        MapSubmit(api, "/orchestrate", "orchestrate", orchestrate.OrchestrateAsync);
        MapSubmit(api, "/runs", "start_run", orchestrate.StartAsync);
        new RunsApi(grid, log, options).Map(api);
        new ArtifactsApi(grid).Map(api);
        new ReceiptsApi(grid, options).Map(api);
        new SignalsApi(grid, options).Map(api);
        ActivatorUtilities.CreateInstance<EventsApi>(services, options).Map(api);
        new GridApi(grid, log, options).Map(api);
        new PlanCheckApi(grid, options).Map(api);
        new HedgesApi(grid).Map(api);
        new TicketsApi(services.GetRequiredService<Tickets>(), options).Map(api);
        ActivatorUtilities.CreateInstance<SocketApi>(services, options).Map(app);
        new HealthApi(ActivatorUtilities.CreateInstance<ServerHealth>(services)).Map(app);
        services.GetRequiredService<TelemetryApi>().Map(app);
        McpApi.Map(app);
        A2aApi.Map(app, options);
        new CallbackApi(services.GetRequiredService<CallbackDesk>()).Map(app);
        new ConsoleFiles().Map(app, Index);
        app.MapOpenApi("/openapi/{documentName}.json").AsApi();
        ScalarPage.Map(app);
    }

    // As a Delegate, so that the endpoint is described in the OpenAPI document; it is called directly all the same.
    private static void MapSubmit(RouteGroupBuilder api, string route, string name, RequestDelegate submit) =>
        api.MapPost(route, (Delegate)submit)
            .WithName(name).WithTags("Runs").Requires(ApiScope.Submit).Knows("wait")
            .Produces<RunAnswer>(202).Produces<RunView>(200)
            .ProducesProblem(400).ProducesProblem(409).ProducesProblem(413).ProducesProblem(415)
            .ProducesProblem(429).ProducesProblem(503);
}
