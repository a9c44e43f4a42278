namespace AgentGrid.Engine.Slots;

/// <summary>The time of a table, in ticks since it was made.</summary>
/// <param name="time">Null for a table without one: it goes by nothing that takes time.</param>
internal sealed class SlotClock(TimeProvider? time)
{
    private readonly long _origin = time?.GetTimestamp() ?? 0;

    public bool Runs => time is not null;

    public long Now => time?.GetElapsedTime(_origin).Ticks ?? 0;
}
