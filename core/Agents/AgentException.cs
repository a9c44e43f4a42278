namespace AgentGrid.Core.Agents;

/// <summary>An agent's own word that an attempt failed, and whether trying again can help.</summary>
/// <param name="code">A short stable word, which <c>retry.on</c> can name: <c>out_of_memory</c>.</param>
/// <param name="message">Who, what was expected, what came, and the remedy.</param>
/// <param name="retryable">False stops retries of this agent; fallbacks are still tried.</param>
public sealed class AgentException(string code, string message, bool retryable = true, Exception? inner = null)
    : Exception(message, inner)
{
    public string Code { get; } = code;
    public bool Retryable { get; } = retryable;

    /// <summary>
    /// How long trying again is useless; null when there is no telling. A retry that could not be before the run is out of
    /// time is not made.
    /// </summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>What was thrown, by its name in the agent's language: <c>KeyError</c>; null where this is the agent's own word.</summary>
    public string? Type { get; init; }

    /// <summary>Where it was thrown, for those who look for the mistake: a stack trace; null for none.</summary>
    public string? Detail { get; init; }
}
