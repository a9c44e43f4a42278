using AgentGrid.Api;
using AgentGrid.Core.Grid;
using AgentGrid.Embedded;
using AgentGrid.Engine;

namespace AgentGrid.Bench.Server;

/// <summary>
/// The client API and the embedded engine as they are shipped, with no-op agents, an echo endpoint for the ceiling,
/// and one that tells how much has been allocated.
/// </summary>
internal static class BenchServer
{
    public static async Task<int> RunAsync(string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder(
            new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddCommandLine(args, new Dictionary<string, string>
        {
            ["--data"] = "AgentGrid:Data",
            ["--sync"] = "AgentGrid:Synchronous",
            ["--config"] = "AgentGrid:Config",
            ["--retention"] = "AgentGrid:Retention",
        });
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddAgentGridApi();
        builder.Services.AddAgentGrid().AddAgents(typeof(BenchServer).Assembly).UseEmbeddedEngine(
            engine => engine.Config = Path.Combine(AppContext.BaseDirectory, "bench-config"));
        builder.Services.AddOptions<EmbeddedOptions>().BindConfiguration("AgentGrid");
        builder.Services.AddOptions<ArtifactOptions>().BindConfiguration("AgentGrid:Artifacts");
        var app = builder.Build().MapAgentGridApi();
        app.MapPost("/echo", EchoAsync);
        app.MapGet("/bench/allocated", () => GC.GetTotalAllocatedBytes());
        await app.RunAsync();
        return 0;
    }

    private static Task EchoAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = context.Request.ContentLength;
        return context.Request.Body.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
