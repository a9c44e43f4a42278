using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace AgentGrid.Runtime.Telemetry;

/// <summary>The names under which Agent Grid can be observed; costs next to nothing while nobody listens.</summary>
public static class GridTelemetry
{
    /// <summary>The name of the source of spans, and of the meter.</summary>
    public const string Name = "AgentGrid";

    internal static readonly ActivitySource Spans = new(Name, "1.0.0");
    internal static readonly Meter Meter = new(Name, "1.0.0");
}
