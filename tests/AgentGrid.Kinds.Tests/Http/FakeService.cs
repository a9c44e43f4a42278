using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Kinds.Tests.Http;

/// <summary>A service in this process, which answers as a test says.</summary>
public sealed class FakeService : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeService(WebApplication app) => _app = app;

    /// <summary>Its address, without a path.</summary>
    public string Url => _app.Urls.First();

    /// <summary>Every request that came, in order.</summary>
    public ConcurrentQueue<SeenRequest> Requests { get; } = new();

    /// <summary>What it answers; what it does with the connection is its affair.</summary>
    public RequestDelegate Respond { get; set; } = static c => c.Response.WriteAsync("{}");

    public static async Task<FakeService> StartAsync(RequestDelegate? respond = null, int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.WebHost.ConfigureKestrel(o => o.Limits.MaxRequestBodySize = null);
        var app = builder.Build();
        var service = new FakeService(app);
        service.Respond = respond ?? service.Respond;
        app.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            var request = new SeenRequest(
                context.Request.Method, context.Request.Path, Encoding.UTF8.GetString(body.ToArray()),
                context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase));
            service.Requests.Enqueue(request);
            context.Items[typeof(SeenRequest)] = request;
            await service.Respond(context);
        });
        await app.StartAsync();
        return service;
    }

    /// <summary>Answers with a status, a type and a text.</summary>
    public static RequestDelegate With(
        int status, string body = "", string? type = "application/json", params (string Name, string Value)[] headers) => async context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        foreach (var (name, value) in headers)
        {
            context.Response.Headers[name] = value;
        }
        await context.Response.WriteAsync(body);
    };

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }
}

/// <summary>A request, as it came.</summary>
public sealed record SeenRequest(string Method, string Path, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public static SeenRequest Of(HttpContext context) => (SeenRequest)context.Items[typeof(SeenRequest)]!;
}
