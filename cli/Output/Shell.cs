namespace AgentGrid.Cli.Output;

/// <summary>Texts for a command line that somebody may copy.</summary>
internal static class Shell
{
    /// <summary>The text as one word: as it is, or between single quotes, where all but they is itself.</summary>
    public static string Quote(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or '/' or ':')
            && text[0] != '-'
            ? text
            : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
