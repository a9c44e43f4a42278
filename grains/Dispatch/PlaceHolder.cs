using AgentGrid.Runtime.Runs;

namespace AgentGrid.Grains.Dispatch;

/// <summary>A run that holds a place, or waits for one.</summary>
internal sealed class PlaceHolder(string runId, int priority, string? tenant, Admission admission, TimeProvider time)
    : IAdmitted
{
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string RunId { get; } = runId;
    public int Priority { get; } = priority;
    public string? Tenant { get; } = tenant;
    public bool HoldsPlace { get; set; }

    /// <summary>The run log has it as running.</summary>
    public bool IsConfirmed { get; set; }

    /// <summary>It does not want a place any more; it may still stand in the queue.</summary>
    public bool IsGone { get; set; }

    public long StartedAt { get; private set; } = time.GetTimestamp();

    /// <summary>How many calls wait for the place.</summary>
    public int Asking { get; private set; }

    /// <summary>When the last call went away without an answer.</summary>
    public long AskedAt { get; private set; } = time.GetTimestamp();

    public void Start()
    {
        StartedAt = time.GetTimestamp();
        if (IsGone)
        {
            admission.Leave(this);
            return;
        }
        _started.TrySetResult();
    }

    /// <summary>Whether it has its place, some seconds from now at the latest.</summary>
    public async Task<bool> StartedAsync(TimeSpan longest)
    {
        if (!HoldsPlace)
        {
            Asking++;
            using var enough = new CancellationTokenSource(longest, time);
            await _started.Task.WaitAsync(enough.Token).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            Asking--;
            AskedAt = time.GetTimestamp();
        }
        return HoldsPlace;
    }
}
