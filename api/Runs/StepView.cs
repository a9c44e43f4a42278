using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Runs;

namespace AgentGrid.Api.Runs;

/// <summary>A step of a run. A large output is not shown, but linked.</summary>
public sealed record StepView
{
    private const int MaxInlineBytes = 16 * 1024;
    private const int MaxInlineBytesOfRun = 1024 * 1024;

    public required string Id { get; init; }
    public required StepStatus Status { get; init; }
    public required string Mode { get; init; }
    public required ImmutableArray<string> Needs { get; init; }

    /// <summary>How many branches must succeed, and how many there are.</summary>
    public int? Required { get; init; }
    public int? Branches { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public RunError? Error { get; init; }
    public string? SkipReason { get; init; }

    /// <summary>The output itself, when it has at most 16 KB and those before it less than 1 MB together.</summary>
    public Json? Output { get; init; }
    public int? OutputBytes { get; init; }

    /// <summary>Where the output is, when it is not shown here.</summary>
    public string? OutputLink { get; init; }

    /// <summary>What it waits for; absent while it does not wait.</summary>
    public WaitDetails? Wait { get; init; }
    public required ImmutableArray<AttemptDetails> Attempts { get; init; }

    /// <param name="run">The run that the step belongs to.</param>
    /// <param name="step">The step.</param>
    /// <param name="errorDetail">Whether errors are shown with their detail.</param>
    /// <param name="inlined">The bytes of output that the run's steps before this one show.</param>
    internal static StepView Of(RunId run, StepDetails step, bool errorDetail, ref int inlined)
    {
        var bytes = step.Output?.Length;
        var inline = bytes <= MaxInlineBytes && inlined < MaxInlineBytesOfRun;
        inlined += inline ? bytes ?? 0 : 0;
        return new StepView
        {
            Id = step.Id,
            Status = step.Status,
            Mode = step.Mode,
            Needs = step.Needs,
            Required = step.Required,
            Branches = step.Branches,
            StartedAt = step.StartedAt,
            EndedAt = step.EndedAt,
            Error = step.Error,
            SkipReason = step.SkipReason,
            Output = inline ? step.Output : null,
            OutputBytes = bytes,
            OutputLink = bytes is null || inline
                ? null
                : $"{RunLinks.SelfOf(run)}/steps/{Uri.EscapeDataString(step.Id)}/output",
            Wait = step.Wait,
            Attempts = errorDetail ? step.Attempts : [.. step.Attempts.Select(WithoutDetail)],
        };
    }

    private static AttemptDetails WithoutDetail(AttemptDetails attempt) =>
        attempt.Error?.Detail is null ? attempt : attempt with { Error = attempt.Error with { Detail = null } };
}
