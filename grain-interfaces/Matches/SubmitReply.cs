using System.Collections.Immutable;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.GrainInterfaces.Matches;

/// <summary>What became of a <see cref="SubmitCommand"/>; which properties are set follows from the outcome.</summary>
[GenerateSerializer, Immutable, Alias("agentgrid.SubmitReply")]
public sealed record SubmitReply
{
    [Id(0)] public required SubmitOutcome Outcome { get; init; }

    /// <summary>The run that has the key: accepted, replayed, conflict.</summary>
    [Id(1)] public RunSummary? Run { get; init; }

    /// <summary>What differs: conflict.</summary>
    [Id(2)] public ImmutableArray<string> Differences { get; init; } = [];

    /// <summary>What is wrong with the request: invalid.</summary>
    [Id(3)] public ImmutableArray<ConfigProblem> Problems { get; init; } = [];

    /// <summary>When to ask again: overloaded.</summary>
    [Id(4)] public TimeSpan RetryAfter { get; init; }

    /// <summary>Why not: overloaded, unavailable.</summary>
    [Id(5)] public string? Message { get; init; }

    public static SubmitReply Of(SubmitResult result) => result switch
    {
        SubmitResult.Accepted x => new() { Outcome = SubmitOutcome.Accepted, Run = x.Run },
        SubmitResult.Replayed x => new() { Outcome = SubmitOutcome.Replayed, Run = x.Run },
        SubmitResult.Conflict x => new() { Outcome = SubmitOutcome.Conflict, Run = x.Run, Differences = x.Differences },
        SubmitResult.Invalid x => new() { Outcome = SubmitOutcome.Invalid, Problems = x.Problems },
        SubmitResult.Overloaded x => new()
        {
            Outcome = SubmitOutcome.Overloaded,
            RetryAfter = x.RetryAfter,
            Message = x.Message,
        },
        SubmitResult.Unavailable x => new() { Outcome = SubmitOutcome.Unavailable, Message = x.Message },
        _ => throw new ArgumentOutOfRangeException(nameof(result), result.GetType(), "unknown result"),
    };

    public SubmitResult ToResult() => Outcome switch
    {
        SubmitOutcome.Accepted => new SubmitResult.Accepted(Run!),
        SubmitOutcome.Replayed => new SubmitResult.Replayed(Run!),
        SubmitOutcome.Conflict => new SubmitResult.Conflict(Run!, Differences),
        SubmitOutcome.Invalid => new SubmitResult.Invalid(Problems),
        SubmitOutcome.Overloaded => new SubmitResult.Overloaded(RetryAfter, Message!),
        SubmitOutcome.Unavailable => new SubmitResult.Unavailable(Message!),
        _ => throw new InvalidOperationException($"A silo answered with the outcome {Outcome}, which is not known here."),
    };
}

/// <summary>The numbers are for ever: silos and clients of different versions talk to each other.</summary>
public enum SubmitOutcome
{
    Accepted = 0,
    Replayed = 1,
    Conflict = 2,
    Invalid = 3,
    Overloaded = 4,
    Unavailable = 5,
}
