using AgentGrid.Core.Grid;
using AgentGrid.Engine.Store;

namespace AgentGrid.Embedded.Journal;

/// <summary>
/// The journal cannot be opened, read or written, and is not damaged; the message says why, and the remedy.
/// </summary>
public sealed class JournalException(string message, Exception? inner = null) : KeptDataException(message, inner);
