using AgentGrid.Engine.Driving;
using AgentGrid.Grains.Nodes;

namespace AgentGrid.Grains.Dispatch;

/// <summary>A run that holds a place, or waits for one.</summary>
/// <param name="group">Those that it is counted with; null for none.</param>
/// <param name="yield">Has it cancelled, because another of its group takes its place.</param>
internal sealed class QueuedRun(
    string runId, int priority, string? tenant, GroupPlace? group, RunQueue admission, Node node, Action<GroupPlace> yield) : IQueuedRun
{
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string RunId { get; } = runId;
    public int Priority { get; } = priority;
    public string? Tenant { get; } = tenant;
    public GroupPlace? Group { get; } = group;

    /// <summary>This turn of it to start: after a retry it has another. Of one that is counted in a group.</summary>
    public string Turn => TurnOf(RunId, Group!.Since);

    public bool HoldsPlace => admission.Holds(this);

    /// <summary>It has been started, and counts in its group, with a place or without.</summary>
    public bool CountsInGroup => admission.CountsInGroup(this);

    /// <summary>The run log has it as running.</summary>
    public bool IsConfirmed { get; set; }

    public long StartedAt { get; private set; } = node.Time.GetTimestamp();

    /// <summary>How many calls wait for the place.</summary>
    public int Asking { get; private set; }

    /// <summary>When the last call went away without an answer.</summary>
    public long AskedAt { get; private set; } = node.Time.GetTimestamp();

    public static string TurnOf(string runId, DateTimeOffset since) => $"{runId} {since.UtcTicks}";

    public void Start()
    {
        StartedAt = node.Time.GetTimestamp();
        _started.TrySetResult();
    }

    public void YieldTo(GroupPlace other) => yield(other);

    /// <summary>Whether it has its place, some seconds from now at the latest.</summary>
    public async Task<bool> StartedAsync()
    {
        if (!HoldsPlace)
        {
            Asking++;
            await node.WaitAsync(_started.Task).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            Asking--;
            AskedAt = node.Time.GetTimestamp();
        }
        return HoldsPlace;
    }
}
