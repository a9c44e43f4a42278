namespace AgentGrid.Core.Plans;

/// <summary>How a plan that does the work of a step is called where an agent's name stands: <c>plan:summarize</c>.</summary>
public static class PlanCalls
{
    // No agent has such a name.
    private const string Prefix = "plan:";

    /// <summary>What an attempt is called whose work a run of the plan does.</summary>
    public static string NameOf(string plan) => Prefix + plan;

    /// <summary>Whether an attempt that is called so is the work of a run of its own.</summary>
    public static bool Is(string agent) => agent.StartsWith(Prefix, StringComparison.Ordinal);
}
