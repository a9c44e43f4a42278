namespace AgentGrid.Core.Agents;

/// <summary>
/// A program cannot have its agents as it is told to: a library cannot be loaded, or a class cannot be made. The message
/// says which, why, and the remedy.
/// </summary>
public sealed class AgentSetupException(string message, Exception? inner = null) : Exception(message, inner);
