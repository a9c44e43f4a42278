using System.Diagnostics.Metrics;
using AgentGrid.Core.Grid;

namespace AgentGrid.GrainClient.Feed;

/// <summary>How new events came to this process.</summary>
internal static class FeedMetrics
{
    private static readonly Meter Meter = new(GridInstruments.Name, "1.0.0");

    private static readonly Counter<long> Events = Meter.CreateCounter<long>(
        "agentgrid.feed.events", "{event}", "New events for feeds, by where they came from: stream or log");

    public static void CountStreamed(int events) => Count(events, "stream");

    public static void CountFromLog(int events) => Count(events, "log");

    private static void Count(int events, string source)
    {
        if (events > 0)
        {
            Events.Add(events, new KeyValuePair<string, object?>("source", source));
        }
    }
}
