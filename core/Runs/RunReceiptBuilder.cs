using System.Collections.Immutable;
using System.Security.Cryptography;

namespace AgentGrid.Core.Runs;

/// <summary>Makes the receipt of a run from what its events add up to.</summary>
public static class RunReceiptBuilder
{
    /// <exception cref="ArgumentException">The run has not ended.</exception>
    public static RunReceipt Build(RunDetails run)
    {
        var summary = run.Summary;
        if (!summary.Status.IsEnded())
        {
            throw new ArgumentException($"Run {summary.RunId} is {summary.Status}: there is a receipt when it has ended.", nameof(run));
        }
        ImmutableArray<ReceiptStep> steps = [.. run.Steps.Select(Build)];
        ImmutableArray<ReceiptAttempt> attempts = [.. steps.SelectMany(static s => s.Attempts)];
        return new RunReceipt
        {
            RunId = summary.RunId,
            MatchId = summary.MatchId,
            Round = summary.Round,
            Generation = summary.Generation,
            Supersedes = summary.Supersedes,
            Parent = run.Parent,
            SubmittedBy = run.Tenant,
            Labels = summary.Labels?.All,
            Plan = summary.Plan,
            PlanVersion = summary.PlanVersion,
            PlanSha256 = Hash(run.PlanDefinition)!,
            InputSha256 = Hash(run.Input)!,
            Status = summary.Status,
            Error = WithoutDetail(run.Error),
            CancelReason = run.CancelReason,
            AcceptedAt = summary.AcceptedAt,
            StartsAt = summary.StartsAt,
            StartedAt = summary.StartedAt,
            LastStartedAt = summary.LastStartedAt,
            EndedAt = summary.EndedAt,
            ResultSha256 = Hash(run.Result),
            ResultBytes = run.Result?.Length,
            Agents =
            [
                .. attempts.Where(static a => a.StartedAt is not null).Select(static a => new ReceiptAgent(a.Agent, a.Version, a.Hash)).Distinct()
                    .OrderBy(static a => a.Agent, StringComparer.Ordinal).ThenBy(static a => a.Version, StringComparer.Ordinal)
                    .ThenBy(static a => a.Hash, StringComparer.Ordinal),
            ],
            Signals = run.Signals.IsEmpty ? null
                : [.. run.Signals.Select(static s => new ReceiptSignal(s.Name, s.Step, s.By, s.At, Hash(s.Data)!))],
            Steps = steps,
            Totals = new ReceiptTotals(
                attempts.Count(static a => a.StartedAt is not null),
                attempts.Count(static a => a is { IsHedge: true, StartedAt: not null }),
                attempts.Count(static a => a.IsRefusedHedge is true),
                attempts.Sum(static a => a.Losses ?? 0),
                Round(attempts.Sum(static a => a.Seconds ?? 0)),
                Round(attempts.Sum(static a => a.GpuSeconds ?? 0)),
                attempts.Any(static a => a.Tokens is not null) ? attempts.Sum(static a => a.Tokens) : null),
        };
    }

    private static ReceiptStep Build(StepDetails step) => new()
    {
        Step = step.Id,
        Status = step.Status,
        Mode = step.Mode,
        StartedAt = step.StartedAt,
        EndedAt = step.EndedAt,
        Error = WithoutDetail(step.Error),
        SkipReason = step.SkipReason,
        OutputSha256 = Hash(step.Output),
        OutputBytes = step.Output?.Length,
        Attempts = [.. step.Attempts.Select(Build)],
    };

    private static ReceiptAttempt Build(AttemptDetails attempt)
    {
        var seconds = attempt.Receipt?.Seconds ?? (attempt.EndedAt - attempt.StartedAt)?.TotalSeconds;
        return new ReceiptAttempt
        {
            Attempt = attempt.Attempt,
            Branch = attempt.Branch,
            Agent = attempt.Agent,
            Version = attempt.AgentVersion,
            Hash = attempt.AgentHash,
            Status = attempt.Status,
            Why = attempt.Decision?.Why,
            Node = attempt.Node,
            Gpu = attempt.Placement?.Gpu,
            WhyNode = attempt.Placement?.Why,
            QueuedAt = attempt.QueuedAt,
            StartedAt = attempt.StartedAt,
            EndedAt = attempt.EndedAt,
            RetryAt = attempt.RetryAt,
            Losses = attempt.Losses == 0 ? null : attempt.Losses,
            Seconds = Round(seconds),
            GpuSeconds = Round(attempt.Receipt?.GpuSeconds ?? (attempt.Placement?.Gpu is null ? null : seconds)),
            Tokens = attempt.Tokens,
            Error = WithoutDetail(attempt.Error),
            CancelReason = attempt.CancelReason,
            OutputSha256 = Hash(attempt.Output),
            Run = attempt.Run,
            IsHedge = attempt.IsHedge ? true : null,
            IsRefusedHedge = attempt.IsRefusedHedge ? true : null,
            Hedge = attempt.Hedge,
            Stop = attempt.Receipt,
        };
    }

    // The same bytes wherever they lie.
    private static string? Hash(Json? value) =>
        value is null ? null : value.Storage?.Sha256 ?? Convert.ToHexStringLower(SHA256.HashData(value.Utf8.Span));

    // Where it was thrown is for those who may see the inside of agents.
    private static RunError? WithoutDetail(RunError? error) => error is null ? null : error with { Detail = null };

    private static double Round(double seconds) => Math.Round(seconds, 3);

    private static double? Round(double? seconds) => seconds is { } some ? Round(some) : null;
}
