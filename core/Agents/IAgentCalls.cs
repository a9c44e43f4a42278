namespace AgentGrid.Core.Agents;

/// <summary>
/// Lets an agent call others of the configuration in the middle of an attempt, on the node where it runs. A call takes a slot of
/// the agent that is called, and is no attempt of its own: it is in no journal, and ends with the attempt.
/// </summary>
public interface IAgentCalls
{
    /// <summary>What holds for an agent; null when there is none of that name that is enabled.</summary>
    AgentConfig? Find(string agent);

    /// <summary>
    /// Calls an agent. Waiting for a slot is part of the time that it has: its own <c>timeout</c>, and no more than what is left
    /// of the attempt.
    /// </summary>
    /// <param name="input">What it is given, and nothing else.</param>
    /// <returns>Its output.</returns>
    /// <exception cref="AgentException">
    /// It failed, with its own code; or there is none (<c>no_agent</c>), it takes no calls here (<c>agent_unavailable</c>), it
    /// was not done in time (<c>timeout</c>), or calls have led to calls too often (<c>too_deep</c>).
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
