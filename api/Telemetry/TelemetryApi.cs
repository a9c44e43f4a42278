using System.Diagnostics.Metrics;
using AgentGrid.Api.Feed;
using AgentGrid.Api.Requests;
using AgentGrid.Api.Security;
using AgentGrid.Core.Grid;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace AgentGrid.Api.Telemetry;

/// <summary>
/// Metrics at <c>/metrics</c> for Prometheus, always; metrics and traces over OTLP, when an endpoint is configured.
/// </summary>
internal sealed class TelemetryApi : IDisposable
{
    private const string Service = "agent-grid";
    private const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly PrometheusExporter _prometheus = new();
    private readonly List<IDisposable> _providers = [];
    private readonly Meter _feeds;
    private readonly Lock _gate = new();

    public TelemetryApi(ApiOptions options, FeedSlots feeds)
    {
        _feeds = ApiMetrics.ObserveFeeds(feeds);
        var metrics = Metrics().AddReader(new BaseExportingMetricReader(_prometheus));
        if (options.OtlpEndpoint is { } endpoint)
        {
            metrics.AddOtlpExporter(otlp => Send(otlp, endpoint, "v1/metrics"));
            _providers.Add(Sdk.CreateTracerProviderBuilder()
                .ConfigureResource(resource => resource.AddService(Service))
                .AddSource(GridInstruments.Name)
                .AddOtlpExporter(otlp => Send(otlp, endpoint, "v1/traces"))
                .Build());
        }
        _providers.Add(metrics.Build());
    }

    public void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/metrics", () => Results.Text(Scrape(), ContentType))
        .AsApi().WithName("metrics").WithTags("Health").Produces<string>(200, "text/plain").Requires(ApiScope.Read);

    public void Dispose()
    {
        _providers.ForEach(provider => provider.Dispose());
        _feeds.Dispose();
    }

    private static MeterProviderBuilder Metrics() => Sdk.CreateMeterProviderBuilder()
        .ConfigureResource(resource => resource.AddService(Service))
        .AddMeter(GridInstruments.Name, ApiMetrics.Name);

    private static void Send(OtlpExporterOptions otlp, Uri endpoint, string path)
    {
        otlp.Protocol = OtlpExportProtocol.HttpProtobuf;
        otlp.Endpoint = new Uri(endpoint.AbsoluteUri.TrimEnd('/') + "/" + path);
    }

    private string Scrape()
    {
        lock (_gate)
        {
            _prometheus.Collect!(Timeout.Infinite);
            return _prometheus.Text;
        }
    }
}
