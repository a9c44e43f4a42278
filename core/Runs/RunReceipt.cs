using System.Collections.Immutable;

namespace AgentGrid.Core.Runs;

/// <summary>
/// What a run that has ended was made of: what was asked, who did what, where and why, what it cost, and hashes of all that went in and
/// came out. It follows from the run's events alone: the same events make the same receipt, byte for byte. Hashes are SHA-256 of the
/// JSON as it is kept, 64 hexadecimal digits. Times of work are in seconds, to the millisecond.
/// </summary>
public sealed record RunReceipt
{
    /// <summary>The version of this form.</summary>
    public int Receipt { get; init; } = 1;
    public required RunId RunId { get; init; }
    public required string MatchId { get; init; }
    public required string Round { get; init; }

    /// <summary>Which run of its key it is, from 2; absent for the first.</summary>
    public int? Generation { get; init; }

    /// <summary>The run that had its key before; absent where none had.</summary>
    public RunId? Supersedes { get; init; }

    /// <summary>The attempt whose work it is; absent for a run that was posted.</summary>
    public ParentRun? Parent { get; init; }

    /// <summary>The name of the API key that it was posted with; absent where none was asked for.</summary>
    public string? SubmittedBy { get; init; }
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
    public required string Plan { get; init; }
    public required string PlanVersion { get; init; }

    /// <summary>Of the plan's definition, as the run shows it.</summary>
    public required string PlanSha256 { get; init; }
    public required string InputSha256 { get; init; }
    public required RunStatus Status { get; init; }
    public RunError? Error { get; init; }
    public string? CancelReason { get; init; }
    public required DateTimeOffset AcceptedAt { get; init; }
    public DateTimeOffset? StartsAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>Later than <see cref="StartedAt"/> after a retry.</summary>
    public DateTimeOffset? LastStartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Absent unless it is completed.</summary>
    public string? ResultSha256 { get; init; }
    public int? ResultBytes { get; init; }

    /// <summary>Who had an attempt that started, each version and declaration of it once, sorted.</summary>
    public required ImmutableArray<ReceiptAgent> Agents { get; init; }

    /// <summary>What it was sent, in that order.</summary>
    public ImmutableArray<ReceiptSignal>? Signals { get; init; }

    /// <summary>In the order of the plan.</summary>
    public required ImmutableArray<ReceiptStep> Steps { get; init; }
    public required ReceiptTotals Totals { get; init; }

    /// <summary>A JSON Web Signature of all the rest, with detached content; absent where the server has no key to sign with.</summary>
    public string? Signature { get; init; }

    /// <summary>The receipt in canonical form, without a signature.</summary>
    public Json ToJson() => CanonicalJson.Of(Json.From(this).Element);
}

/// <summary>An agent as it was.</summary>
/// <param name="Version">In its owner's words; absent where nothing is said.</param>
/// <param name="Hash">The beginning of the SHA-256 of its declaration; absent for the run of a step with a plan, and of runs of older versions.</param>
public sealed record ReceiptAgent(string Agent, string? Version, string? Hash);

/// <summary>A signal, or a decision.</summary>
/// <param name="Step">The step that took it; absent where none has.</param>
/// <param name="By">The name of the API key that it was sent with; absent where nobody was named.</param>
public sealed record ReceiptSignal(string Signal, string? Step, string? By, DateTimeOffset At, string DataSha256);

/// <summary>A step.</summary>
public sealed record ReceiptStep
{
    public required string Step { get; init; }
    public required StepStatus Status { get; init; }
    public required string Mode { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public RunError? Error { get; init; }
    public string? SkipReason { get; init; }
    public string? OutputSha256 { get; init; }
    public int? OutputBytes { get; init; }

    /// <summary>In the order of their numbers.</summary>
    public required ImmutableArray<ReceiptAttempt> Attempts { get; init; }
}

/// <summary>An attempt.</summary>
public sealed record ReceiptAttempt
{
    public required int Attempt { get; init; }
    public required int Branch { get; init; }
    public required string Agent { get; init; }
    public string? Version { get; init; }
    public string? Hash { get; init; }
    public required AttemptStatus Status { get; init; }

    /// <summary>Why this agent.</summary>
    public string? Why { get; init; }
    public string? Node { get; init; }

    /// <summary>The index of the node's GPU; absent where it had none.</summary>
    public int? Gpu { get; init; }

    /// <summary>Why this node; absent where there was nothing to choose from.</summary>
    public string? WhyNode { get; init; }
    public required DateTimeOffset QueuedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public DateTimeOffset? RetryAt { get; init; }

    /// <summary>How often its node went away under it; absent for never.</summary>
    public int? Losses { get; init; }

    /// <summary>How long it ran, from its last start; of one that was told to stop, as far as it is known.</summary>
    public double? Seconds { get; init; }

    /// <summary>How long it had a GPU, from its last start; absent where it had none.</summary>
    public double? GpuSeconds { get; init; }

    /// <summary>How many tokens its agent says it has used; absent where it does not say.</summary>
    public long? Tokens { get; init; }
    public RunError? Error { get; init; }
    public string? CancelReason { get; init; }
    public string? OutputSha256 { get; init; }

    /// <summary>The run that did its work; absent where an agent did.</summary>
    public RunId? Run { get; init; }

    /// <summary>It is a backup; absent for others.</summary>
    public bool? IsHedge { get; init; }

    /// <summary>It is a backup that never started, for want of budget; absent for others.</summary>
    public bool? IsRefusedHedge { get; init; }

    /// <summary>When a backup was to be asked beside it.</summary>
    public HedgeDue? Hedge { get; init; }

    /// <summary>What it has cost after it had lost, as far as is known; can say more when its agent has returned.</summary>
    public StopReceipt? Stop { get; init; }
}

/// <summary>All attempts together.</summary>
/// <param name="Started">How many have started.</param>
/// <param name="Hedges">How many of them were backups.</param>
/// <param name="RefusedHedges">How many backups were not started, for want of budget.</param>
/// <param name="Losses">How often attempts had to be delivered again.</param>
/// <param name="Tokens">Absent where no agent says any.</param>
public sealed record ReceiptTotals(
    int Started, int Hedges, int RefusedHedges, int Losses, double Seconds, double GpuSeconds, long? Tokens);
