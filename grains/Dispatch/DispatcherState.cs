namespace AgentGrid.Grains.Dispatch;

/// <summary>What an operator has told the dispatcher, and what therefore must not be forgotten when it moves.</summary>
internal sealed class DispatcherState
{
    /// <summary>The agents that take no further attempts.</summary>
    public HashSet<string> Drained { get; set; } = [];
}
