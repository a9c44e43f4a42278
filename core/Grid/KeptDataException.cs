namespace AgentGrid.Core.Grid;

/// <summary>
/// What an engine has kept cannot be read or written, damaged most likely; the message says which record, why, and the
/// remedy. Never a wrong answer instead.
/// </summary>
public class KeptDataException(string message, Exception? inner = null) : Exception(message, inner);
