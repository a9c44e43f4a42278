namespace AgentGrid.Core.Agents;

/// <summary>The health of an agent that can be out of order on its own.</summary>
/// <param name="Problem">What is wrong; null if no problem is known.</param>
public sealed record AgentHealth(AgentCondition Condition, string? Problem = null)
{
    public static readonly AgentHealth Healthy = new(AgentCondition.Healthy);
    public static readonly AgentHealth Starting = new(AgentCondition.Starting);

    public static AgentHealth Unhealthy(string problem) => new(AgentCondition.Unhealthy, problem);
}

/// <summary>Whether an agent works.</summary>
public enum AgentCondition
{
    /// <summary>No problem is known.</summary>
    Healthy,

    /// <summary>It is not ready yet, and has not failed.</summary>
    Starting,

    /// <summary>It works, but not with its current configuration.</summary>
    Degraded,

    /// <summary>It does not work, and keeps trying to recover.</summary>
    Unhealthy,
}
