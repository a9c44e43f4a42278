namespace AgentGrid.Core.Agents;

/// <summary>An agent reports that an attempt failed, and whether trying again can help.</summary>
/// <param name="code">A short stable word, which <c>retry.on</c> can name: <c>out_of_memory</c>.</param>
/// <param name="message">Who failed, what was expected, what was received, and how to fix it.</param>
/// <param name="retryable">False stops retries of this agent; fallbacks are still tried.</param>
public sealed class AgentException(string code, string message, bool retryable = true, Exception? inner = null)
    : Exception(message, inner)
{
    public string Code { get; } = code;
    public bool Retryable { get; } = retryable;

    /// <summary>
    /// How long trying again is useless; null if unknown. A retry that could only come after the run is out of
    /// time is not made.
    /// </summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The exception's name in the agent's language: <c>KeyError</c>; null if the agent reported the failure itself.</summary>
    public string? Type { get; init; }

    /// <summary>Where it was thrown: a stack trace; null for none.</summary>
    public string? Detail { get; init; }
}
