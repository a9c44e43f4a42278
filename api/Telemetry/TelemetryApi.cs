using System.Diagnostics.Metrics;
using AgentGrid.Api.Feed;
using AgentGrid.Api.Requests;
using AgentGrid.Api.Security;
using AgentGrid.Core.Grid;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace AgentGrid.Api.Telemetry;

/// <summary>Metrics at <c>/metrics</c> for Prometheus; what is sent over OTLP is <see cref="AgentGridTelemetry"/>.</summary>
internal sealed class TelemetryApi : IDisposable
{
    private const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly PrometheusExporter _prometheus = new();
    private readonly MeterProvider _provider;
    private readonly Meter _feeds;
    private readonly Lock _gate = new();

    public TelemetryApi(FeedSlots feeds)
    {
        _feeds = ApiMetrics.ObserveFeeds(feeds);
        // Deaf to the variables OTEL_*, which are for what is sent: one of them would leave nothing to be read here.
        _provider = Sdk.CreateMeterProviderBuilder()
            .ConfigureServices(services => services.AddSingleton<IConfiguration>(new ConfigurationBuilder().Build()))
            .AddMeter(GridInstruments.Name, ApiMetrics.Name)
            .AddReader(new BaseExportingMetricReader(_prometheus))
            .Build();
    }

    public void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/metrics", () => Results.Text(Scrape(), ContentType))
        .AsApi().WithName("metrics").WithTags("Health").Produces<string>(200, "text/plain").Requires(ApiScope.Read);

    public void Dispose()
    {
        _provider.Dispose();
        _feeds.Dispose();
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
