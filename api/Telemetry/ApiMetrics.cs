using System.Diagnostics.Metrics;
using AgentGrid.Api.Feed;

namespace AgentGrid.Api.Telemetry;

/// <summary>What the client API counts.</summary>
internal static class ApiMetrics
{
    /// <summary>The name of the meter.</summary>
    public const string Name = "AgentGrid.ClientApi";

    private static readonly Meter Meter = new(Name, "1.0.0");

    private static readonly Counter<long> Refused = Meter.CreateCounter<long>(
        "agentgrid.api.refused", "{request}", "Requests that were answered with a problem, by code and status");

    private static readonly Histogram<double> FeedLag = Meter.CreateHistogram(
        "agentgrid.api.feed.lag", "s", "From an event until it is sent to a reader that is connected",
        advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
        });

    public static void RecordLag(TimeSpan lag) => FeedLag.Record(Math.Max(0, lag.TotalSeconds));

    public static void CountRefusal(string code, int status) => Refused.Add(
        1, new KeyValuePair<string, object?>("code", code), new KeyValuePair<string, object?>("status", status));

    /// <summary>Lets the number of open feeds be read; the meter goes when it is disposed.</summary>
    public static Meter ObserveFeeds(FeedSlots feeds)
    {
        var meter = new Meter(Name, "1.0.0");
        meter.CreateObservableGauge(
            "agentgrid.api.feeds", () => feeds.Open, "{feed}", "WebSockets and event streams that are open");
        return meter;
    }
}
