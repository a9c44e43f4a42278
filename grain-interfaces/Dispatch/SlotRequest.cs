using AgentGrid.Core.Placement;
using AgentGrid.GrainInterfaces.Agents;

namespace AgentGrid.GrainInterfaces.Dispatch;

/// <summary>An attempt that wants a slot.</summary>
[GenerateSerializer, Immutable, Alias("agentgrid.SlotRequest")]
public sealed record SlotRequest
{
    /// <summary>Names the request for ever: run, step, attempt and delivery.</summary>
    [Id(0)] public required string Slot { get; init; }
    [Id(1)] public required string Agent { get; init; }

    /// <summary>Higher is served first.</summary>
    [Id(2)] public required int Priority { get; init; }

    /// <summary>When the run is given up; the earlier goes first.</summary>
    [Id(3)] public required DateTimeOffset Deadline { get; init; }
    [Id(4)] public string? Tenant { get; init; }

    /// <summary>How long a path of the plan the attempt holds up; the longer goes first.</summary>
    [Id(5)] public double LongestPath { get; init; }

    /// <summary>The node where the data is that it works on; null for none in particular.</summary>
    [Id(6)] public string? Near { get; init; }

    /// <summary>A node that the caller has found gone; null for none. It gets nothing until it is heard of again.</summary>
    [Id(7)] public string? Gone { get; init; }

    /// <summary>The silo that drives the run. While it lives, what it was granted is on its way; null: not known.</summary>
    [Id(8)] public SiloAddress? Driver { get; init; }

    /// <summary>How it is kept apart from others of which the same is asked; null when it is not.</summary>
    [Id(9)] public SlotIsolation? Isolation { get; init; }

    /// <summary>Whoever asks can hear that the agent is drained, and has not heard it yet.</summary>
    [Id(10)] public bool HearsOfDrain { get; init; }

    /// <summary>In which line of its tenant's attempts it waits; null for the one of all runs. Lines take turns.</summary>
    [Id(11)] public string? Flow { get; init; }

    /// <summary>It wants no slot, but to start in the agent's rate limit: for a call on its node, in the middle of an attempt.</summary>
    [Id(12)] public bool StartOnly { get; init; }

    /// <summary>What it counts for in the budget of its step; null where there is none.</summary>
    [Id(13)] public SlotHedge? Hedged { get; init; }

    /// <summary>The labels of nodes that come first, an object of texts; null for none.</summary>
    [Id(14)] public Core.Json? Prefer { get; init; }
}

/// <summary>Of an attempt whose step may ask backups.</summary>
/// <param name="Step">The step, by plan and id.</param>
/// <param name="BudgetPercent">How many backups there may be for a hundred other attempts; 0 where GPU-seconds alone say it.</param>
/// <param name="IsBackup">It is one.</param>
/// <param name="GpuSecondsPercent">How many GPU-seconds backups may have for a hundred of other attempts; null for any number.</param>
/// <param name="Window">How long an attempt counts; null for the default.</param>
[GenerateSerializer, Immutable, Alias("agentgrid.SlotHedge")]
public sealed record SlotHedge(
    [property: Id(0)] string Step, [property: Id(1)] double BudgetPercent, [property: Id(2)] bool IsBackup,
    [property: Id(3)] double? GpuSecondsPercent = null, [property: Id(4)] TimeSpan? Window = null);

/// <summary>What became of a <see cref="SlotRequest"/>.</summary>
/// <param name="Node">Where the slot is; null unless it was granted.</param>
/// <param name="Placement">Why there, as JSON.</param>
[GenerateSerializer, Immutable, Alias("agentgrid.SlotReply")]
public sealed record SlotReply(
    [property: Id(0)] SlotOutcome Outcome, [property: Id(1)] string? Node = null,
    [property: Id(2)] Core.Json? Placement = null)
{
    [NonSerialized]
    private readonly PlacementDecision? _choice;

    /// <summary>Why it was refused; null unless it was.</summary>
    [Id(3)] public string? Reason { get; init; }

    /// <summary>What <see cref="Placement"/> says. In the process of the dispatcher it need not be written and read for that.</summary>
    public PlacementDecision? Choice
    {
        get => _choice ?? Placement?.To<PlacementDecision>();
        init => _choice = value;
    }

    /// <summary>The same for another process.</summary>
    public SlotReply Outgoing => Placement is null && _choice is { } choice ? this with { Placement = Core.Json.From(choice) } : this;
}

/// <summary>The numbers are for ever: silos of different versions talk to each other.</summary>
public enum SlotOutcome
{
    Waiting = 0,
    Granted = 1,

    /// <summary>The agent was removed or disabled.</summary>
    AgentGone = 2,

    /// <summary>It was released before it was granted.</summary>
    Withdrawn = 3,

    /// <summary>It waits, and the agent takes no attempts for now. Said to those alone who can hear it.</summary>
    Drained = 4,

    /// <summary>It is a backup, and the budget of its step has nothing left. Said to those alone who ask for one.</summary>
    HedgeRefused = 5,
}
