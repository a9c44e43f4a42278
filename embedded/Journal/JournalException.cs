namespace AgentGrid.Embedded.Journal;

/// <summary>The journal cannot be opened, read or written; the message says which record, why, and the remedy.</summary>
public sealed class JournalException(string message, Exception? inner = null) : Exception(message, inner);
