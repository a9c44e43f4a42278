using AgentGrid.Core;
using AgentGrid.Core.Runs;

namespace AgentGrid.Api.Runs;

/// <summary>
/// A run in one line of a list. StartsAt: when it was to start; absent where that was at once. Reason: why it failed or was cancelled, in one line. LastStartedAt: later than StartedAt
/// after a retry. WaitingSteps: how many of its steps wait for a signal or for the decision of a person; WaitingApprovals: how many
/// for a decision. Labels: whom or what it is for. Generation: which run of its key it is, from 2.
/// Supersedes, SupersededBy: the run that had its key before, and the one that has it now. DurationMs: milliseconds from the last start to the end; absent until it has ended.
/// </summary>
public sealed record RunLine(
    RunId RunId, string MatchId, string Round, string Plan, string PlanVersion, RunStatus Status, string? Reason,
    DateTimeOffset AcceptedAt, DateTimeOffset? StartsAt, DateTimeOffset? StartedAt, DateTimeOffset? LastStartedAt, DateTimeOffset? EndedAt,
    double? DurationMs, int WaitingAttempts, int RetryingBranches, int WaitingSteps, int WaitingApprovals,
    IReadOnlyDictionary<string, string>? Labels, int? Generation, RunId? Supersedes, RunId? SupersededBy, RunLinks Links)
{
    public static RunLine Of(RunSummary run) => new(
        run.RunId, run.MatchId, run.Round, run.Plan, run.PlanVersion, run.Status, run.Reason,
        run.AcceptedAt, run.StartsAt, run.StartedAt, run.LastStartedAt, run.EndedAt, run.Duration?.TotalMilliseconds,
        run.WaitingAttempts, run.RetryingBranches, run.Waits, run.WaitingApprovals, run.Labels?.All,
        run.Generation, run.Supersedes, run.SupersededBy, RunLinks.Of(run.RunId));
}

/// <summary>One page of runs, newest first. Next: the cursor of the next page; absent on the last.</summary>
public sealed record RunLines(IReadOnlyList<RunLine> Runs, string? Next);

/// <summary>The answer to a cancel or a retry. Changed: false when the run already was as asked.</summary>
public sealed record CommandView(bool Changed, RunLine Run);

/// <summary>A run with everything that happened in it. Absent members have not happened.</summary>
public sealed record RunView
{
    public required RunId RunId { get; init; }
    public required string MatchId { get; init; }
    public required string Round { get; init; }
    public required string Plan { get; init; }
    public required string PlanVersion { get; init; }
    public required RunStatus Status { get; init; }

    /// <summary>In the answer to a post: whether the run had been posted before.</summary>
    public bool? Replayed { get; init; }

    /// <summary>While it is queued: which runs of its plan with the same value are in its way, in a sentence.</summary>
    public string? WaitsFor { get; init; }

    /// <summary>The name of the API key that it was posted with; null where none was asked for.</summary>
    public string? SubmittedBy { get; init; }

    /// <summary>The attempt whose work it is, of a step with a plan; absent for a run that was posted.</summary>
    public ParentRun? Parent { get; init; }

    /// <summary>Whom or what it is for; absent where it has none.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Which run of its key it is, from 2; absent for the first.</summary>
    public int? Generation { get; init; }

    /// <summary>The run that had its key before; absent where none had.</summary>
    public RunId? Supersedes { get; init; }

    /// <summary>The run that has its key now; absent while it has that itself.</summary>
    public RunId? SupersededBy { get; init; }

    public required DateTimeOffset AcceptedAt { get; init; }

    /// <summary>When it was to start; absent where that was at once.</summary>
    public DateTimeOffset? StartsAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>Later than <see cref="StartedAt"/> after a retry.</summary>
    public DateTimeOffset? LastStartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Milliseconds from the last start to the end.</summary>
    public double? DurationMs { get; init; }
    /// <summary>Who is told what becomes of it; absent where nobody is.</summary>
    public IReadOnlyList<WebhookDetails>? Webhooks { get; init; }
    public Json? Result { get; init; }
    public RunError? Error { get; init; }
    public string? CancelReason { get; init; }
    public required IReadOnlyList<StepView> Steps { get; init; }

    /// <summary>The plan as it was when the run was accepted, without its name.</summary>
    public required Json PlanDefinition { get; init; }
    public required Json Input { get; init; }
    public required RunLinks Links { get; init; }

    /// <param name="run">The run.</param>
    /// <param name="replayed">In the answer to a post: whether the run had been posted before.</param>
    /// <param name="errorDetail">Whether the caller may see where in an agent something was thrown.</param>
    public static RunView Of(RunDetails run, bool? replayed = null, bool errorDetail = true)
    {
        var inlined = 0;
        return new RunView
        {
            RunId = run.Summary.RunId,
            MatchId = run.Summary.MatchId,
            Round = run.Summary.Round,
            Plan = run.Summary.Plan,
            PlanVersion = run.Summary.PlanVersion,
            Status = run.Summary.Status,
            Replayed = replayed,
            WaitsFor = run.WaitsFor,
            SubmittedBy = run.Tenant,
            Parent = run.Parent,
            Labels = run.Summary.Labels?.All,
            Generation = run.Summary.Generation,
            Supersedes = run.Summary.Supersedes,
            SupersededBy = run.Summary.SupersededBy,
            AcceptedAt = run.Summary.AcceptedAt,
            StartsAt = run.Summary.StartsAt,
            StartedAt = run.Summary.StartedAt,
            LastStartedAt = run.Summary.LastStartedAt,
            EndedAt = run.Summary.EndedAt,
            DurationMs = run.Summary.Duration?.TotalMilliseconds,
            Webhooks = run.Webhooks.IsDefaultOrEmpty ? null : run.Webhooks,
            Result = run.Result,
            Error = run.Error,
            CancelReason = run.CancelReason,
            Steps = [.. run.Steps.Select(s => StepView.Of(run.Summary.RunId, s, errorDetail, ref inlined))],
            PlanDefinition = run.PlanDefinition,
            Input = run.Input,
            Links = RunLinks.Of(run.Summary.RunId),
        };
    }
}
