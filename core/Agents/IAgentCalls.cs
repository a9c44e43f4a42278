namespace AgentGrid.Core.Agents;

/// <summary>
/// Lets an agent call other configured agents in the middle of an attempt, on the node where it runs. A call takes a slot of
/// the called agent, and is not an attempt of its own: it is in no journal, and ends with the attempt.
/// </summary>
public interface IAgentCalls
{
    /// <summary>The configuration of an agent; null if there is no enabled agent of that name.</summary>
    AgentConfig? Find(string agent);

    /// <summary>
    /// Calls an agent. Its time includes waiting for a slot: its own <c>timeout</c>, and no more than what is left
    /// of the attempt.
    /// </summary>
    /// <param name="input">Its whole input.</param>
    /// <returns>Its output.</returns>
    /// <exception cref="AgentException">
    /// It failed, with its own code; or there is none (<c>no_agent</c>), it takes no calls here (<c>agent_unavailable</c>), it
    /// did not finish in time (<c>timeout</c>), or calls are nested too deep (<c>too_deep</c>).
    /// </exception>
    ValueTask<Json> CallAsync(string agent, Json input, CancellationToken cancellationToken);
}

/// <summary>An agent that another one may call.</summary>
/// <param name="Place">Where that is said.</param>
public sealed record CalledAgent(string Name, Documents.ConfigPlace Place);

internal sealed class NoAgentCalls : IAgentCalls
{
    public static readonly NoAgentCalls Instance = new();

    public AgentConfig? Find(string agent) => null;

    public ValueTask<Json> CallAsync(string agent, Json input, CancellationToken cancellationToken) =>
        throw new AgentException("no_agent", $"There is no agent '{agent}' to call outside of a grid.", retryable: false);
}
