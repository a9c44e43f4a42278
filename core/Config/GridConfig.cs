using System.Collections.Immutable;
using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Config;

/// <summary>Everything that the files say, at one moment. Replaced as a whole when they change.</summary>
public sealed record GridConfig
{
    public static readonly GridConfig Empty = new();

    public ImmutableSortedDictionary<string, AgentConfig> Agents { get; init; } =
        ImmutableSortedDictionary<string, AgentConfig>.Empty;

    public ImmutableSortedDictionary<string, QueueConfig> Queues { get; init; } =
        ImmutableSortedDictionary<string, QueueConfig>.Empty;

    public ImmutableSortedDictionary<string, Plan> Plans { get; init; } =
        ImmutableSortedDictionary<string, Plan>.Empty;

    /// <summary>The plan of a request that names none; null when there is no such plan.</summary>
    public string? DefaultPlan { get; init; }
}

/// <summary>One mistake in a file or in an inline plan.</summary>
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
