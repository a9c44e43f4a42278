namespace AgentGrid.Engine.Slots;

/// <summary>An attempt that has a GPU, and counts in the budget of its step while it has it. Guarded by the table's lock.</summary>
/// <param name="startedAt">In ticks of the table.</param>
/// <param name="end">Told once that it has ended.</param>
internal sealed class GpuTime(bool isBackup, long startedAt, Action<GpuTime> end)
{
    private bool _hasEnded;

    public bool IsBackup => isBackup;

    public double SecondsAt(long now) => TimeSpan.FromTicks(now - startedAt).TotalSeconds;

    /// <summary>Its slot is given back.</summary>
    public void End()
    {
        if (!_hasEnded)
        {
            _hasEnded = true;
            end(this);
        }
    }
}
