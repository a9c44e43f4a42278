using AgentGrid.Core.Grid;

namespace AgentGrid.Embedded.Journal;

/// <summary>The journal cannot be opened, read or written; the message says which record, why, and the remedy.</summary>
public sealed class JournalException(string message, Exception? inner = null) : KeptDataException(message, inner)
{
    private const string Remedy =
        "Start once with --recover to keep what is sound (the damaged file is set aside), or restore a backup.";

    /// <summary>The file itself is damaged, so that recovering it can help.</summary>
    public bool IsDamage { get; private init; }

    /// <summary>Of damage: which record or part, and what is wrong with it.</summary>
    internal string? What { get; private init; }

    /// <param name="what">Which record or part, and what is wrong with it; a sentence.</param>
    internal static JournalException Damaged(string path, string what, Exception? inner = null) =>
        new($"The journal '{path}' is damaged: {what} {Remedy}", inner) { IsDamage = true, What = what };
}
