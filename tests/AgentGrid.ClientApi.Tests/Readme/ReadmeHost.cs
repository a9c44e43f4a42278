using AgentGrid.Embedded;
using AgentGrid.Engine;
using Microsoft.AspNetCore.Builder;
using MyAgents;

namespace AgentGrid.ClientApi.Tests.Readme;

/// <summary>A host of one's own, as README.md shows it.</summary>
internal static class ReadmeHost
{
    public static WebApplication Build(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddAgentGridApi();
        builder.Services.AddAgentGrid().AddAgents(typeof(ThreatEstimator).Assembly).UseEmbeddedEngine(o => o.Data = "data");
        var app = builder.Build();
        app.MapAgentGridApi();
        return app;
    }
}
