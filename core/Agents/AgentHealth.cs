namespace AgentGrid.Core.Agents;

/// <summary>How an agent is that can be out of order by itself.</summary>
/// <param name="Problem">What is wrong; null when nothing is known to be.</param>
public sealed record AgentHealth(AgentCondition Condition, string? Problem = null)
{
    public static readonly AgentHealth Healthy = new(AgentCondition.Healthy);
    public static readonly AgentHealth Starting = new(AgentCondition.Starting);

    public static AgentHealth Unhealthy(string problem) => new(AgentCondition.Unhealthy, problem);
}

/// <summary>Whether an agent works.</summary>
public enum AgentCondition
{
    /// <summary>Nothing is known to be wrong.</summary>
    Healthy,

    /// <summary>It is not ready yet, and has not failed.</summary>
    Starting,

    /// <summary>It works, but not as it is configured now.</summary>
    Degraded,

    /// <summary>It does not work, and tries to by itself.</summary>
    Unhealthy,
}
