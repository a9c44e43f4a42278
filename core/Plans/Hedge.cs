namespace AgentGrid.Core.Plans;

/// <summary>When a step asks one more agent for the same work, while the one that it has asked has not answered.</summary>
public sealed record Hedge
{
    public const int MostBackups = 5;

    /// <summary>How long the one before is waited for, from its start; null where <see cref="Percentile"/> says it.</summary>
    public TimeSpan? After { get; init; }

    /// <summary>
    /// The share of the agent's attempts, in percent from 50 to 99, that took at most as long as the one before is waited for; null
    /// where <see cref="After"/> says it.
    /// </summary>
    public int? Percentile { get; init; }

    /// <summary>How many backups an execution of the step has at most.</summary>
    public int Max { get; init; } = 1;

    /// <summary>What its backups may cost.</summary>
    public HedgeBudget Budget { get; init; } = new();
}
