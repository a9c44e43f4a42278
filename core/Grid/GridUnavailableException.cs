namespace AgentGrid.Core.Grid;

/// <summary>
/// The engine cannot answer just now, because something it needs is away; the message says what, and the remedy.
/// </summary>
public sealed class GridUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
