using System.Diagnostics;
using System.Diagnostics.Metrics;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Telemetry;

/// <summary>What runs are observed by; costs next to nothing while nobody listens.</summary>
public static class GridTelemetry
{
    private const string InlinePlan = "inline";

    internal static readonly ActivitySource Spans = new(GridInstruments.Name, "1.0.0");
    internal static readonly Meter Meter = new(GridInstruments.Name, "1.0.0");

    /// <summary>
    /// What groups runs by their plan: the names of configured plans, and one for all that came with their requests.
    /// Every name is kept for as long as the process lives, so callers must not choose them.
    /// </summary>
    internal static string NameOfPlan(RunState state) => state.Inline ? InlinePlan : state.Plan.Name;
}
