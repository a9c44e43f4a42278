namespace AgentGrid.Grains.Dispatch;

/// <summary>What an operator has told the dispatcher, and what therefore must not be forgotten when it moves.</summary>
internal sealed class DispatcherState
{
    /// <summary>The agents that were drained before the run log kept them.</summary>
    public HashSet<string> Drained { get; set; } = [];

    /// <summary>
    /// The turns (<see cref="QueuedRun.Turn"/>) of runs that are counted in a group, were told to start, and that the run log may not
    /// have as running yet.
    /// </summary>
    public HashSet<string> OnTheirWay { get; set; } = [];
}
