namespace AgentGrid.Engine.Store;

/// <summary>
/// A store cannot keep anything just now, and has not kept what was asked; the message says why, and the remedy. The call
/// can be repeated.
/// </summary>
public sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
