using AgentGrid.Core.Runs;
using AgentGrid.Engine.Durations;
using AgentGrid.Engine.Telemetry;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Engine.Driving;

/// <summary>What drivers of runs share.</summary>
public sealed record DriverServices
{
    /// <summary>Which runs are driven at once.</summary>
    public required IRunQueue Queue { get; init; }

    /// <summary>Who calls agents.</summary>
    public required IAgentCaller Caller { get; init; }

    /// <summary>Who has the work of attempts done by runs of their own.</summary>
    public required IChildRuns Children { get; init; }

    /// <summary>On which threads a driver works.</summary>
    public required Platform Platform { get; init; }

    /// <summary>The engine's limits.</summary>
    public RunLimits Limits { get; init; } = RunLimits.Default;

    /// <summary>The engine's clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>What agents have done.</summary>
    public required AgentStatistics Statistics { get; init; }

    /// <summary>How long the steps of plans take.</summary>
    public required LearnedDurations Durations { get; init; }

    /// <summary>How long agents take; <see cref="Durations"/> unless somebody says otherwise.</summary>
    public ILatencies Latencies { get => field ?? Durations; init; }

    /// <summary>The engine's own log.</summary>
    public required ILogger Logger { get; init; }

    /// <summary>Takes one line per run.</summary>
    public required ILogger RunLogger { get; init; }

    /// <summary>Cancelled when nothing is to be begun any more.</summary>
    public CancellationToken Stopping { get; init; }
}
