using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Cli.Tests.Hosting;

/// <summary>A server that answers the list of runs with these pages, one after the other.</summary>
internal sealed class PagesServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private PagesServer(WebApplication app) => _app = app;

    public string Url => _app.Urls.First();

    /// <summary>The query of each request.</summary>
    public List<string> Asked { get; } = [];

    public static async Task<PagesServer> StartAsync(string[] pages)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new PagesServer(app);
        app.MapGet("/api/v1/runs", (HttpRequest request) =>
        {
            server.Asked.Add(request.QueryString.Value!);
            return Results.Text(pages[server.Asked.Count - 1], "application/json");
        });
        await app.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
