namespace AgentGrid.Core.Runs;

/// <summary>A signal that a run was sent.</summary>
/// <param name="By">Who sent it; null when nobody was named.</param>
/// <param name="Key">By which a repetition is known; null for none.</param>
public sealed record ReceivedSignal(string Name, Json Data, string? By, string? Key, DateTimeOffset At)
{
    /// <summary>The step that has taken it; null while none has.</summary>
    public string? Step { get; internal set; }
}
