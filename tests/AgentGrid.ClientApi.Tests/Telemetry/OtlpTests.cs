using System.Text;
using AgentGrid.Api.Hosting;
using AgentGrid.Api.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace AgentGrid.ClientApi.Tests.Telemetry;

/// <summary>A collector gets what it is promised.</summary>
public sealed class OtlpTests : IDisposable
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Caller = "b7ad6b7169203331";

    private readonly Scratch _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Program_WithTheVariables_SendsMetricsTracesAndLogs()
    {
        await using var collector = new OtlpCollector();
        await using (var server = await GridProcess.StartServerAsync(_folder.Folder, new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url,
            ["OTEL_RESOURCE_ATTRIBUTES"] = "service.name=arena,service.instance.id=first",
        }))
        {
            Assert.Contains($"Telemetry: metrics, traces, logs to {collector.Url}/ (http/protobuf)", server.Output);
            await PostAsync(server.Client);
            await server.SignalAsync(GridProcess.Terminate);
            Assert.Equal(0, await server.ExitCodeAsync());
        }

        var spans = collector.Spans;
        var post = Assert.Single(spans, s => s.Name == "POST /api/v1/orchestrate");
        Assert.Equal((Trace, Caller), (post.Trace, post.Parent));
        var run = Assert.Single(spans, s => s.Name == "invoke_workflow tactical_motion");
        Assert.Equal((Trace, post.Id), (run.Trace, run.Parent));
        var attempt = Assert.Single(spans, s => s.Name == "invoke_agent perception");
        Assert.Equal((Trace, run.Id), (attempt.Trace, attempt.Parent));
        // Nobody looks for the probes by which the test has waited.
        Assert.DoesNotContain(spans, s => s.Name.Contains("health", StringComparison.Ordinal));
        var metrics = collector.Texts("metrics");
        Assert.All(
            ["agentgrid.run.duration", "http.server.request.duration", "kestrel.connection.duration", "dotnet.gc.collections"],
            name => Assert.Contains(name, metrics, StringComparison.Ordinal));
        var logs = collector.Texts("logs");
        Assert.All(
            ["Agent Grid listens on http://127.0.0.1:", "arena", "first"],
            text => Assert.Contains(text, logs, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Program_WithTheOptionAndTracesAlone_SendsNothingElse()
    {
        await using var collector = new OtlpCollector();
        await using (var server = await GridProcess.StartServerAsync(_folder.Folder, new Dictionary<string, string>
        {
            ["AGENTGRID_OTLP_ENDPOINT"] = collector.Url,
            ["OTEL_METRICS_EXPORTER"] = "none",
            ["OTEL_LOGS_EXPORTER"] = "none",
        }))
        {
            await PostAsync(server.Client);
            await server.SignalAsync(GridProcess.Terminate);
            Assert.Equal(0, await server.ExitCodeAsync());
        }

        Assert.Contains(collector.Spans, s => s.Name == "invoke_agent perception" && s.Trace == Trace);
        Assert.Equal(("", ""), (collector.Texts("metrics"), collector.Texts("logs")));
        Assert.Contains("agent-grid", collector.Texts("traces"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Program_WithoutTheVariables_HasNothingOfIt()
    {
        var serve = Assert.IsType<CommandLine.Serve>(ServerProgram.Parse(
            ["--urls", "http://127.0.0.1:0", "--data", _folder.Folder]));
        await using var app = ServerProgram.Build(serve, builder => builder.AddEngine());

        Assert.Null(app.Services.GetService<TracerProvider>());
        Assert.Null(app.Services.GetService<MeterProvider>());
        Assert.Null(app.Services.GetService<LoggerProvider>());
        Assert.DoesNotContain(app.Services.GetServices<IHostedService>(), s => s is OtlpFailures);
    }

    [Fact]
    public async Task Program_WithTheSdkDisabled_SendsNothingAndHasItsMetrics()
    {
        await using var collector = new OtlpCollector();
        await using var server = await GridProcess.StartServerAsync(_folder.Folder, new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url,
            ["OTEL_SDK_DISABLED"] = "true",
        });

        Assert.DoesNotContain("Telemetry:", server.Output, StringComparison.Ordinal);
        var metrics = await server.Client.GetStringAsync("/metrics");
        Assert.Contains("agentgrid_runs_active 0", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Collector_ThatIsNotThere_IsSaidOnce()
    {
        await using var server = await GridProcess.StartServerAsync(_folder.Folder, new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = $"http://127.0.0.1:{FreePorts.Next()}",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "100",
        });

        await server.EventuallyAsync(
            () => Task.FromResult(server.Output.Contains("Telemetry could not be sent: ", StringComparison.Ordinal)),
            "it said nothing");
        await PostAsync(server.Client);

        Assert.Single(server.Lines, l => l.Text.Contains("Telemetry could not be sent: ", StringComparison.Ordinal));
        var metrics = await server.Client.GetStringAsync("/metrics");
        Assert.Contains("agentgrid_runs_accepted_total 1", metrics, StringComparison.Ordinal);
    }

    private static async Task PostAsync(HttpClient client)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/orchestrate?wait=30s");
        request.Headers.Add("traceparent", $"00-{Trace}-{Caller}-01");
        request.Content = new StringContent("""{"match_id":"traced","round":1}""", Encoding.UTF8, "application/json");
        using var answer = await client.SendAsync(request);
        Assert.True(answer.IsSuccessStatusCode);
    }
}
