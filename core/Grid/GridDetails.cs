using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Grid;

/// <summary>An agent with its configuration, its load now, and what it has done since the engine started.</summary>
public sealed record AgentDetails
{
    public required AgentConfig Config { get; init; }
    public required int Running { get; init; }

    /// <summary>How many attempts wait for a slot of it.</summary>
    public required int Waiting { get; init; }

    /// <summary>It takes no new attempts until it is undrained.</summary>
    public bool Drained { get; init; }

    /// <summary>Where it stands in its rate limit; null when it has none.</summary>
    public RateState? Rate { get; init; }

    /// <summary>How it is failing, so that others are asked first; null if it is not.</summary>
    public FailingState? Failing { get; init; }

    /// <summary>The nodes on which it is failing, so that others are asked first, by name.</summary>
    public ImmutableArray<NodeFailing> FailingNodes { get; init; } = [];

    /// <summary>The last failure on each node, the newest first: of any kind, and at most <see cref="AgentFailure.Most"/>.</summary>
    public ImmutableArray<AgentFailure> LastFailures { get; init; } = [];

    /// <summary>Invocations that were given up on and have not returned; they still hold their slot for a while.</summary>
    public int Abandoned { get; init; }

    /// <summary>The ones that were given up on first, in that order: at most 20 per node.</summary>
    public ImmutableArray<AbandonedAttempt> AbandonedAttempts { get; init; } = [];

    public required long Succeeded { get; init; }
    public required long Failed { get; init; }
    public required long TimedOut { get; init; }
    public required long Cancelled { get; init; }

    /// <summary>Latency of successful invocations; null before the first.</summary>
    public LatencyPercentiles? Latency { get; init; }

    /// <summary>The health of an agent of a kind; null for one that is a class, and if no node runs it.</summary>
    public AgentHealth? Health { get; init; }
}

/// <summary>How an attempt of an agent has failed.</summary>
/// <param name="At">When.</param>
/// <param name="Node">Where; null where it had none.</param>
/// <param name="Kind">Whose failure it was.</param>
/// <param name="Code">As its run has it.</param>
/// <param name="Message">The same, shortened to <see cref="LongestMessage"/> characters.</param>
/// <param name="RunId">Of which run.</param>
public sealed record AgentFailure(
    DateTimeOffset At, string? Node, ErrorKind Kind, string Code, string Message, RunId RunId, string Step, int Attempt)
{
    /// <summary>How many are remembered of an agent: one a node.</summary>
    public const int Most = 20;

    /// <summary>How long a message can be.</summary>
    public const int LongestMessage = 500;

    /// <summary>What was thrown, by its name in the agent's language; null where nothing was.</summary>
    public string? Type { get; init; }
}

/// <summary>In milliseconds, within 5%.</summary>
public sealed record LatencyPercentiles(double P50Ms, double P95Ms, double P99Ms, double MaxMs);

public sealed record PlanDetails(string Name, string Version, bool IsDefault, Json Definition);

public sealed record GridHealth
{
    public required string Engine { get; init; }

    /// <summary>Whether it accepts runs.</summary>
    public required bool Ready { get; init; }

    /// <summary>Everything that needs attention; empty when nothing does.</summary>
    public required ImmutableArray<string> Problems { get; init; }
    public required int ActiveRuns { get; init; }
    public required int QueuedRuns { get; init; }

    /// <summary>The number of the last durable event.</summary>
    public required long LastSeq { get; init; }

    /// <summary>The names of the agents that an operator has drained, sorted; empty where nobody can say.</summary>
    public ImmutableArray<string> DrainedAgents { get; init; } = [];

    /// <summary>What is wrong with the current files, while the last good ones stay in force.</summary>
    public ImmutableArray<ConfigProblem> ConfigProblems { get; init; } = [];
    public DateTimeOffset? ConfigLoadedAt { get; init; }

    /// <summary>What the last change changed, for people; empty when nothing has changed since the start.</summary>
    public ImmutableArray<string> ConfigChanges { get; init; } = [];
}

/// <summary>A process that executes attempts, and what it is doing now.</summary>
public sealed record NodeDetails
{
    public required string Name { get; init; }

    /// <summary>The classes of hardware it offers; null for all.</summary>
    public ImmutableArray<string>? Queues { get; init; }

    /// <summary>It takes no new attempts; running ones continue.</summary>
    public bool Draining { get; init; }

    /// <summary>It has not been heard from for some seconds: it takes no new attempts until it is heard from again.</summary>
    public bool Silent { get; init; }

    /// <summary>How many attempts run there.</summary>
    public required int Running { get; init; }

    /// <summary>The slots of queues that have a limit.</summary>
    public ImmutableArray<NodeQueue> Slots { get; init; } = [];

    /// <summary>Empty for none; null when GPU memory is not accounted for.</summary>
    public ImmutableArray<NodeGpu>? Gpus { get; init; }

    /// <summary>The agents it has loaded, so that an attempt can begin at once.</summary>
    public ImmutableArray<string> WarmAgents { get; init; } = [];

    /// <summary>The agents that run attempts there, by name.</summary>
    public ImmutableArray<NodeAgent> Agents { get; init; } = [];

    /// <summary>By which steps may prefer it; null for none.</summary>
    public Labels? Labels { get; init; }

    /// <summary>The agents that fail there, so that other nodes are asked first, by name.</summary>
    public ImmutableArray<NodeFailure> Failing { get; init; } = [];

    /// <summary>When it was last heard from.</summary>
    public required DateTimeOffset SeenAt { get; init; }
}

/// <summary>A queue's slots on one node.</summary>
public sealed record NodeQueue(string Queue, int Running, int Slots);

/// <summary>An agent's attempts on one node.</summary>
public sealed record NodeAgent(string Agent, int Running);

/// <summary>An agent that fails on a node.</summary>
/// <param name="InARow">How many of its attempts there have failed, without one that succeeded between them.</param>
/// <param name="NextTryInSeconds">The time until an attempt is to find out whether it works there again; 0 when one may now.</param>
public sealed record NodeFailure(string Agent, int InARow, double NextTryInSeconds);

/// <summary>A GPU of a node.</summary>
/// <param name="UsedByOthersBytes">What other processes occupy of its memory.</param>
/// <param name="LeasedBytes">What attempts running there occupy, as their agents declare.</param>
/// <param name="UsedHereBytes">
/// What the node's process and its children occupy now, including models that stay loaded between attempts; 0 for a GPU that
/// is declared.
/// </param>
public sealed record NodeGpu(
    int Index, string Name, long TotalBytes, long UsedByOthersBytes, long LeasedBytes, long UsedHereBytes);
