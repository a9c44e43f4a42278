using AgentGrid.Api.Orchestrate;
using AgentGrid.Api.Security;
using AgentGrid.Core.Grid;
using Microsoft.Extensions.Options;
using ModelContextProtocol.Protocol;

namespace AgentGrid.Api.Mcp;

/// <summary><c>/mcp</c>: the Model Context Protocol over HTTP, without sessions, so that any api can answer any call.</summary>
internal static class McpApi
{
    public static void Add(IServiceCollection services)
    {
        services.AddHttpContextAccessor();
        services.AddSingleton(s => new PlanTools(
            s.GetRequiredService<IAgentGrid>(), s.GetRequiredService<IOptions<ApiOptions>>().Value,
            s.GetRequiredService<MemoryGate>(), s.GetRequiredService<OverloadLog>(),
            s.GetRequiredService<Waiting>(), s.GetRequiredService<IHttpContextAccessor>()));
        services
            .AddMcpServer(o => o.ServerInfo = new Implementation { Name = "agent-grid", Version = Version })
            .WithHttpTransport(o => o.Stateless = true)
            .WithListToolsHandler(static (request, cancellationToken) =>
                request.Services!.GetRequiredService<PlanTools>().ListAsync(request, cancellationToken))
            .WithCallToolHandler(static (request, cancellationToken) =>
                request.Services!.GetRequiredService<PlanTools>().CallAsync(request, cancellationToken));
    }

    public static void Map(WebApplication app) => app.MapMcp("/mcp").Requires(ApiScope.Submit).ExcludeFromDescription();

    private static string Version => typeof(McpApi).Assembly.GetName().Version!.ToString(3);
}
