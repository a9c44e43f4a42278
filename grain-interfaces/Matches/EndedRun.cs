using AgentGrid.Core;

namespace AgentGrid.GrainInterfaces.Matches;

/// <summary>How a run ended.</summary>
[GenerateSerializer, Immutable, Alias("agentgrid.EndedRun")]
public sealed record EndedRun
{
    /// <summary>The <see cref="Core.Runs.RunStatus"/> as JSON; JSON null of one that is not there any more.</summary>
    [Id(0)] public required Json Status { get; init; }

    /// <summary>Of a completed one.</summary>
    [Id(1)] public Json? Result { get; init; }

    /// <summary>Of a failed one, a <see cref="Core.Runs.RunError"/> as JSON.</summary>
    [Id(2)] public Json? Error { get; init; }

    /// <summary>Why it was cancelled.</summary>
    [Id(3)] public string? Reason { get; init; }
}
