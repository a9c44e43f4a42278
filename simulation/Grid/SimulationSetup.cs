using System.Collections.Immutable;
using AgentGrid.Core.Config;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Slots;

namespace AgentGrid.Simulation.Grid;

/// <summary>What a simulated grid is made of.</summary>
public sealed record SimulationSetup
{
    /// <summary>The configuration that is in force.</summary>
    public required GridConfig Config { get; init; }

    /// <summary>At least one. With one, that is the process which drives the runs, as with the embedded engine.</summary>
    public required ImmutableArray<NodeState> Nodes { get; init; }

    /// <summary>What agents do.</summary>
    public required IAgentModel Agents { get; init; }

    /// <summary>How many runs are driven at once; others wait in the queue.</summary>
    public int MaxActiveRuns { get; init; } = 1_000;

    /// <summary>The engine's limits.</summary>
    public RunLimits Limits { get; init; } = RunLimits.Default;

    /// <summary>When it begins; null for any time.</summary>
    public DateTimeOffset? Start { get; init; }

    /// <summary>Where all chance comes from.</summary>
    public int Seed { get; init; }

    /// <summary>Whether runs are kept when they have ended, with their events.</summary>
    public bool KeepsRuns { get; init; }

    /// <summary>How long it takes until it is noticed that a node is dead.</summary>
    public TimeSpan NoticedAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Told of the events of each turn, and of the run with them in it; null for nobody.</summary>
    public Action<RunState, RunEvent[]>? Turned { get; init; }

    /// <summary>Says where the chance of a run of another's step comes from; null for any.</summary>
    public Func<ParentRun, ulong?>? SeedOfChild { get; init; }

    internal bool IsOneProcess => Nodes.Length == 1;
}
