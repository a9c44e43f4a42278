using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Config;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Slots;
using AgentGrid.Simulation.History;

namespace AgentGrid.Simulation.Faults;

/// <summary>What is simulated, and what goes wrong in it.</summary>
public sealed record FaultOptions
{
    /// <summary>What is in force.</summary>
    public required GridConfig Config { get; init; }

    /// <summary>The name of the plan.</summary>
    public required string Plan { get; init; }

    /// <summary>At least one. With one, that is the process which drives the runs too.</summary>
    public required ImmutableArray<NodeState> Nodes { get; init; }

    /// <summary>What the runs are given, a JSON object; null: lists of three where steps want one, and nothing else.</summary>
    public Json? Input { get; init; }

    /// <summary>How many runs there are for each seed.</summary>
    public int Runs { get; init; } = 1;

    /// <summary>How long after another a run comes.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>What dies: <see cref="AnyNode"/>, <see cref="Process"/>, or the name of a node; empty for nothing.</summary>
    public ImmutableArray<string> Kills { get; init; } = [];

    /// <summary>How often each of these dies.</summary>
    public int Times { get; init; } = 1;

    /// <summary>How long it is gone.</summary>
    public TimeSpan Back { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>0 to 1: how many attempts fail.</summary>
    public double Failures { get; init; }

    /// <summary>0 to 1: how many attempts never return.</summary>
    public double Hangs { get; init; }

    /// <summary>How long agents take, by name.</summary>
    public ImmutableDictionary<string, DurationRange> Durations { get; init; } = ImmutableDictionary<string, DurationRange>.Empty;

    /// <summary>What agents took and returned, for those without a duration here; null for nothing.</summary>
    public AttemptSamples? Samples { get; init; }

    /// <summary>What steps come to, by id: the output of each attempt, or what a signal brings.</summary>
    public ImmutableDictionary<string, Json> Outputs { get; init; } = ImmutableDictionary<string, Json>.Empty;

    /// <summary>The engine's limits.</summary>
    public RunLimits Limits { get; init; } = RunLimits.Default;

    /// <summary>Stands in <see cref="Kills"/> for a node, rather one that does something.</summary>
    public const string AnyNode = "node";

    /// <summary>Stands in <see cref="Kills"/> for the process that drives the runs.</summary>
    public const string Process = "process";
}

/// <summary>From how long to how long, evenly.</summary>
public readonly record struct DurationRange(TimeSpan Least, TimeSpan Most)
{
    /// <summary>A duration of these.</summary>
    public TimeSpan Draw(Random random) => Least + ((Most - Least) * random.NextDouble());
}
