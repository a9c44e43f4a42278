namespace AgentGrid.RunLog;

/// <summary>Where and how the run log is kept.</summary>
public sealed class RunLogOptions
{
    /// <summary>
    /// The prefix of all keys, as a hash tag: <c>{agentgrid}:...</c>, so that a Redis Cluster keeps them together.
    /// Without braces, and not empty.
    /// </summary>
    public string KeyPrefix { get; set; } = "agentgrid";

    /// <summary>How long ended runs are kept; 24 hours unless said otherwise.</summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromHours(24);

    /// <summary>
    /// The Redis channel to which every event is published while anybody listens, as feeds show it, one per message; those
    /// of a run in the order of their numbers. Null for none.
    /// </summary>
    public string? Channel { get; set; } = "agents:events";

    /// <summary>
    /// How many replicas of Redis must have a turn before it counts as kept, or is shown to anybody; 0: that is not waited for. Then
    /// nothing is lost when the primary is cut off or dies and one of those is promoted. Not for a Redis Cluster.
    /// </summary>
    public int Replicas { get; set; }

    /// <summary>Times signs of life by the clock of this process, and not by that of Redis: for tests that set the clock.</summary>
    internal bool TimesLifeItself { get; init; }
}
