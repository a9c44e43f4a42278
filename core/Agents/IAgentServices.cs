namespace AgentGrid.Core.Agents;

/// <summary>What an agent can ask for in the middle of an attempt, made when it does: most ask for nothing.</summary>
public interface IAgentServices
{
    /// <summary>Calls of other agents, for an invocation.</summary>
    IAgentCalls CallsOf(AgentInvocation invocation);

    /// <summary>The artifacts of the attempt; the same each time.</summary>
    IArtifacts Artifacts { get; }
}
