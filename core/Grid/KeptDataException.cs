namespace AgentGrid.Core.Grid;

/// <summary>
/// Data that an engine has kept cannot be read or written, most likely because it is damaged; the message says which record, why, and the
/// remedy. It is never replaced by a wrong answer.
/// </summary>
public class KeptDataException(string message, Exception? inner = null) : Exception(message, inner);
