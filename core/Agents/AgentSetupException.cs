namespace AgentGrid.Core.Agents;

/// <summary>
/// A program cannot set up its agents: a library cannot be loaded, or a class cannot be created. The message
/// says which, why, and the remedy.
/// </summary>
public sealed class AgentSetupException(string message, Exception? inner = null) : Exception(message, inner);
