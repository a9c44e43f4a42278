using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Admission;
using AgentGrid.Engine.Driving;

namespace AgentGrid.Engine.Slots;

/// <summary>
/// An attempt that waits for a slot. Higher priority first, then tenant by tenant in turn, and flow by flow of a tenant;
/// of one flow the earlier deadline, then (within a run) the longer path that the attempt holds up, then the earlier comer.
/// </summary>
/// <param name="deadline">Of its run.</param>
/// <param name="tenant">Null for nobody in particular.</param>
public sealed class SlotRequest(
    string agent, int priority, DateTimeOffset deadline, ISlotWaiter waiter, string? tenant = null)
    : IPendingSlot
{
    private bool _wasTold;

    /// <summary>The agent whose slot it is to be.</summary>
    public string Agent { get; } = agent;

    /// <summary>Higher is served first.</summary>
    public int Priority { get; } = priority;

    /// <summary>When its run is given up.</summary>
    public DateTimeOffset Deadline { get; } = deadline;

    /// <summary>
    /// The longest path of the plan that the attempt holds up, or what its run goes by instead, in any unit that is the same for all
    /// of the run.
    /// </summary>
    public double LongestPath { get; init; }

    /// <summary>What takes turns with the rest of the same tenant; null for that rest. See <see cref="OpenAttempt.Flow"/>.</summary>
    public string? Flow { get; init; }

    /// <summary>The node where the attempt's data is; null for none.</summary>
    public string? Near { get; init; }

    /// <summary>The labels of nodes that come first, as its step prefers them; null for none.</summary>
    public LabelPreference? Prefer { get; init; }

    /// <summary>
    /// The GPU that has been chosen for the attempt, in a table of one node: taken when it has room, else the best is.
    /// Null when none has been chosen.
    /// </summary>
    public int? Gpu { get; init; }

    /// <summary>It is for a call in the middle of an attempt that runs, and which ends with it.</summary>
    public bool InAttempt { get; init; }

    /// <summary>
    /// It wants no slot, but to start in the agent's rate limit: for a call that has its slot of a node's own table. Its waiter is
    /// told <see cref="ISlotWaiter.OnMayStart"/>.
    /// </summary>
    public bool StartOnly { get; init; }

    /// <summary>How the attempt is kept apart from others of which the same is asked; null when it is not.</summary>
    public Isolation? Isolation { get; init; }

    /// <summary>What it counts for in the budget of a step that asks backups; null for any other step.</summary>
    public HedgedStep? Hedged { get; init; }

    /// <summary>Why the backup is not given its slot; null unless that was refused.</summary>
    internal string? Refusal { get; private set; }

    /// <summary>Who is told.</summary>
    public ISlotWaiter Waiter { get; } = waiter;

    /// <summary>Who it is for; empty for nobody in particular.</summary>
    public string Tenant { get; } = Admission.Tenant.Key(tenant);

    /// <summary>The slot that it was given; null before, and for one that wants none. Its waiter is told the same.</summary>
    public TakenSlot? Granted { get; private set; }

    /// <summary>It is a call that may start, and has taken tokens of its agent's limit: what it has used is to be said.</summary>
    public bool OwesTokens => Charge is not null;

    /// <summary>Of one with <see cref="StartOnly"/> that may start: what it has taken of its agent's tokens; null where these are not limited.</summary>
    internal TokenCharge? Charge { get; set; }

    internal long Order { get; private set; }
    internal SlotRequestStatus Status { get; private set; }

    /// <summary>Among requests of one flow.</summary>
    internal static readonly Comparer<SlotRequest> ByUrgency = Comparer<SlotRequest>.Create(static (a, b) =>
        a.Priority != b.Priority ? b.Priority.CompareTo(a.Priority)
        : a.Deadline != b.Deadline ? a.Deadline.CompareTo(b.Deadline)
        : a.LongestPath != b.LongestPath ? b.LongestPath.CompareTo(a.LongestPath)
        : a.Order.CompareTo(b.Order));

    /// <summary>True once: its waiter is to be told that the agent is drained.</summary>
    internal bool TakeUntold() => !_wasTold && (_wasTold = true);

    internal void Wait(long order)
    {
        Order = order;
        Status = SlotRequestStatus.Waiting;
    }

    internal void Grant(TakenSlot? slot)
    {
        Granted = slot;
        Status = SlotRequestStatus.Granted;
    }

    internal void Withdraw() => Status = SlotRequestStatus.Withdrawn;

    /// <summary>It has been withdrawn, because it is a backup for which the budget has nothing left.</summary>
    internal void Refuse(string reason) => Refusal = reason;
}
