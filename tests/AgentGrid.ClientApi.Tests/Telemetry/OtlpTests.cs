using System.Collections.Concurrent;
using System.Text;
using AgentGrid.Api.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AgentGrid.ClientApi.Tests.Telemetry;

/// <summary>A collector gets what it is promised.</summary>
public sealed class OtlpTests : IDisposable
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-otlp-");
    private readonly ConcurrentDictionary<string, byte[]> _received = new();

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Run_EndpointConfigured_SendsItsSpansAndMetrics()
    {
        await using var collector = await StartCollectorAsync();
        var serve = Assert.IsType<CommandLine.Serve>(ServerProgram.Parse(
        [
            "--urls", "http://127.0.0.1:0", "--data", _folder.FullName, "--AgentGrid:OtlpEndpoint", collector.Urls.First(),
        ]));
        await using (var app = ServerProgram.Build(serve, builder => builder.AddEngine()))
        {
            await app.StartAsync();
            using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
            client.DefaultRequestHeaders.Add("traceparent", $"00-{Trace}-b7ad6b7169203331-01");
            using var content = new StringContent("""{"match_id":"traced","round":1}""", Encoding.UTF8, "application/json");
            using var answer = await client.PostAsync("/api/v1/orchestrate?wait=30s", content);
            Assert.True(answer.IsSuccessStatusCode);
            await app.StopAsync();
        }

        var spans = Encoding.Latin1.GetString(_received["/v1/traces"]);
        Assert.Contains("invoke_workflow tactical_motion", spans, StringComparison.Ordinal);
        Assert.Contains("invoke_agent perception", spans, StringComparison.Ordinal);
        Assert.Contains(Encoding.Latin1.GetString(Convert.FromHexString(Trace)), spans, StringComparison.Ordinal);
        Assert.Contains("agentgrid.run.duration", Encoding.Latin1.GetString(_received["/v1/metrics"]), StringComparison.Ordinal);
    }

    private async Task<WebApplication> StartCollectorAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var collector = builder.Build();
        collector.MapPost("/v1/{signal}", async (HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            _received.AddOrUpdate(request.Path, _ => body.ToArray(), (_, before) => [.. before, .. body.ToArray()]);
        });
        await collector.StartAsync();
        return collector;
    }
}
