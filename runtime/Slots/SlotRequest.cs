namespace AgentGrid.Runtime.Slots;

/// <summary>
/// An attempt that waits for a slot. Higher priority first, then tenant by tenant in turn; of one tenant the earlier
/// deadline, then (within a run) the longer path that the attempt holds up, then the earlier comer.
/// </summary>
public sealed class SlotRequest(
    string agent, int priority, DateTimeOffset deadline, ISlotWaiter waiter, string? tenant = null)
{
    public string Agent { get; } = agent;
    public int Priority { get; } = priority;
    public DateTimeOffset Deadline { get; } = deadline;
    public double LongestPath { get; init; }
    public ISlotWaiter Waiter { get; } = waiter;
    public string Tenant { get; } = TenantTurns.Key(tenant);
    public long Order { get; set; }
    public SlotRequestStatus Status { get; set; }

    /// <summary>Among requests of one tenant.</summary>
    public static readonly Comparer<SlotRequest> ByUrgency = Comparer<SlotRequest>.Create(static (a, b) =>
        a.Priority != b.Priority ? b.Priority.CompareTo(a.Priority)
        : a.Deadline != b.Deadline ? a.Deadline.CompareTo(b.Deadline)
        : a.LongestPath != b.LongestPath ? b.LongestPath.CompareTo(a.LongestPath)
        : a.Order.CompareTo(b.Order));
}

/// <summary>Told, outside any lock, what became of a request.</summary>
public interface ISlotWaiter
{
    void OnGranted();

    /// <summary>The agent is no longer there.</summary>
    void OnAgentGone();
}

public enum SlotRequestStatus
{
    Waiting,
    Granted,
    Withdrawn,
}
