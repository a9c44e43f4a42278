namespace AgentGrid.Core.Documents;

/// <summary>One mistake in a file or in an inline plan, or a warning of one.</summary>
/// <param name="File">The file's name; null for a request body.</param>
/// <param name="Line">From 1; 0 where there are no lines (a request body).</param>
/// <param name="Column">From 1; 0 where there are no lines.</param>
/// <param name="Path">Where in the document: <c>plans.tactical_motion.steps.motion.needs[0]</c>.</param>
/// <param name="Code">Stable: <c>AG1002</c>.</param>
/// <param name="Message">What was expected, what came, and the remedy.</param>
public sealed record ConfigProblem(string? File, int Line, int Column, string Path, string Code, string Message)
{
    /// <summary>What it means while a server runs, in one line.</summary>
    public string Told => Code is ConfigCodes.Unreadable or ConfigCodes.FileGone
        ? $"Part of the configuration cannot be read: {this}"
        : $"The changed configuration is refused: {this}";

    public override string ToString() => File is null
        ? $"{Path}: {Code}: {Message}"
        : $"{File}({Line},{Column}): {Code}: {Message}";
}
