namespace AgentGrid.Simulation.Clock;

/// <summary>The time that passes, whatever processes come and go, and what the wall clock makes of it.</summary>
/// <param name="start">What the wall clock shows when no time has passed; null for the beginning of 2026.</param>
public sealed class SimulatedClock(DateTimeOffset? start = null)
{
    private readonly DateTimeOffset _start = start ?? new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>How much time has passed.</summary>
    public TimeSpan Now { get; private set; }

    /// <summary>How far somebody has set the wall clock forward.</summary>
    public TimeSpan Jump { get; set; }

    /// <summary>What the wall clock shows.</summary>
    public DateTimeOffset WallTime => _start + Now + Jump;

    /// <summary>Lets time pass, if that has not come yet.</summary>
    public void MoveTo(TimeSpan now) => Now = now > Now ? now : Now;
}
