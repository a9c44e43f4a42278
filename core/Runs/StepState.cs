using System.Collections.Immutable;
using AgentGrid.Core.Placement;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Routing;

namespace AgentGrid.Core.Runs;

/// <summary>One step of a run.</summary>
public sealed class StepState(int index, Step step)
{
    /// <summary>How many attempts of a step keep the detail of their errors: the first ones, since thousands can fail alike.</summary>
    public const int MostDetails = 20;

    public int Index { get; } = index;
    public Step Step { get; } = step;
    public string Id => Step.Id;
    public StepStatus Status { get; internal set; }
    public DateTimeOffset? StartedAt { get; internal set; }
    public DateTimeOffset? EndedAt { get; internal set; }

    /// <summary>How many of the steps that it needs have not ended.</summary>
    internal int UnmetNeeds { get; set; }

    /// <summary>How many branches must succeed.</summary>
    public int Required { get; internal set; } = 1;

    /// <summary>Empty until the step starts.</summary>
    public List<BranchState> Branches { get; } = [];

    /// <summary>All attempts ever made, in the order of their numbers.</summary>
    public List<AttemptState> Attempts { get; } = [];

    /// <summary>How many attempts were made before the run was last retried; they no longer count.</summary>
    internal int AttemptsBeforeRetry { get; set; }

    /// <summary>Those among them that count all the same: their branches are not tried again.</summary>
    internal AttemptState[] Kept { get; set; } = [];

    internal int SucceededBranches { get; set; }
    internal int FailedBranches { get; set; }

    /// <summary>How many of its attempts keep the detail of their errors.</summary>
    internal int Details { get; set; }

    /// <summary>How many bytes the outputs of the branches have that have succeeded.</summary>
    internal long BranchOutputBytes { get; set; }

    /// <summary>The items of mode each; read from the list when first asked for.</summary>
    internal ImmutableArray<Json> Items { get; set; }

    /// <summary>Until when it waits for its signal; null while it does not.</summary>
    public DateTimeOffset? WaitsUntil { get; internal set; }

    /// <summary>When somebody is reminded that it waits; null for never, and when that has happened.</summary>
    public DateTimeOffset? RemindsAt { get; internal set; }

    /// <summary>The signal that it has taken; null for none.</summary>
    public ReceivedSignal? Received { get; internal set; }

    public Json? Output { get; internal set; }
    public RunError? Error { get; internal set; }
    public string? SkipReason { get; internal set; }
}

/// <summary>One part of a step that needs one success: the whole step in mode one, an agent's or an item's otherwise.</summary>
public sealed class BranchState(int index)
{
    public int Index { get; } = index;

    /// <summary>The agent that it was made for (race, all); null when it is routed when it starts.</summary>
    public string? Agent { get; internal set; }
    public BranchStatus Status { get; internal set; }

    /// <summary>The agents that have been asked, in order; the last is the current one.</summary>
    public List<string> Asked { get; } = [];

    /// <summary>How many times the current agent has been tried.</summary>
    public int Tries { get; internal set; }

    /// <summary>How many attempts there have been altogether.</summary>
    public int AllTries { get; internal set; }

    /// <summary>Its last attempt that failed as lost, whose successors are under the same suspicion; null for none.</summary>
    internal AttemptState? Lost { get; set; }

    /// <summary>When it starts or retries; null when it does not wait for time.</summary>
    public DateTimeOffset? Due { get; internal set; }

    /// <summary>A backup that nobody has been asked for yet.</summary>
    internal bool IsUnasked => Status == BranchStatus.Waiting && AllTries == 0;

    /// <summary>Of an item whose step has backups: the attempt that they are asked beside; null before the first.</summary>
    internal AttemptState? First { get; set; }

    /// <summary>Of such an item: its backups, but those that never started.</summary>
    internal List<AttemptState>? Backups { get; set; }

    /// <summary>Of such an item: when a backup is asked; null where none is foreseen.</summary>
    internal DateTimeOffset? HedgeAt { get; set; }
}

public enum BranchStatus
{
    Waiting,
    Open,
    Succeeded,
    Failed,
}

/// <summary>One attempt of a step.</summary>
public sealed class AttemptState(int number, int branch, string agent)
{
    /// <summary>From 1 within its step.</summary>
    public int Number { get; } = number;
    public int Branch { get; internal set; } = branch;
    public string Agent { get; } = agent;

    /// <summary>The how-many-eth try of its branch it is; from 1.</summary>
    public int Try { get; internal set; }
    public AttemptStatus Status { get; internal set; }

    /// <summary>The version of its agent when it started; null where nothing was said.</summary>
    public string? AgentVersion { get; internal set; }

    /// <summary>The hash of its agent's declaration when it started; null where it is not known.</summary>
    public string? AgentHash { get; internal set; }
    public string? Node { get; internal set; }
    public DateTimeOffset QueuedAt { get; internal set; }
    public DateTimeOffset? StartedAt { get; internal set; }
    public DateTimeOffset? EndedAt { get; internal set; }
    public DateTimeOffset Deadline { get; internal set; }
    public DateTimeOffset? RetryAt { get; internal set; }
    public double? Progress { get; internal set; }
    public string? ProgressMessage { get; internal set; }
    public int Losses { get; internal set; }

    /// <summary>How many times in a row its node has died while it ran; orderly stops are none.</summary>
    public int Crashes { get; internal set; }

    /// <summary>The longest time that it had run when one of these happened.</summary>
    internal TimeSpan LongestRun { get; set; }
    public RoutingDecision? Decision { get; internal set; }
    public PlacementDecision? Placement { get; internal set; }
    public RunError? Error { get; internal set; }
    public string? CancelReason { get; internal set; }
    public Json? Output { get; internal set; }

    /// <summary>How many tokens its agent says it has used; null when it does not.</summary>
    public long? Tokens { get; internal set; }

    /// <summary>It is a backup that was asked for beside another attempt, because that took long.</summary>
    public bool IsHedge { get; internal set; }

    /// <summary>It is such a backup, and never started: the budget of its step had nothing left.</summary>
    public bool IsRefusedHedge { get; internal set; }

    /// <summary>When a backup is asked beside it; null where none is foreseen.</summary>
    public HedgeDue? Hedge { get; internal set; }

    /// <summary>Of one that was cancelled in a step with backups: what it has cost, as far as is known. Null for others.</summary>
    public StopReceipt? Receipt { get; internal set; }

    /// <summary>It is counted among those that wait for a slot.</summary>
    internal bool Waits { get; set; }
}
