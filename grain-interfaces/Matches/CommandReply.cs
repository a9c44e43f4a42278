using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.GrainInterfaces.Matches;

/// <summary>What became of a cancel or a retry; which properties are set follows from the outcome.</summary>
[GenerateSerializer, Immutable, Alias("agentgrid.CommandReply")]
public sealed record CommandReply
{
    [Id(0)] public required CommandOutcome Outcome { get; init; }

    /// <summary>The run as it is now: done, refused.</summary>
    [Id(1)] public RunSummary? Run { get; init; }

    /// <summary>False when the run already was as asked: done.</summary>
    [Id(2)] public bool Changed { get; init; }

    /// <summary>Stable: refused.</summary>
    [Id(3)] public string? Code { get; init; }

    /// <summary>Why not: refused, unavailable.</summary>
    [Id(4)] public string? Message { get; init; }

    public static CommandReply Of(CommandResult result) => result switch
    {
        CommandResult.Done x => new() { Outcome = CommandOutcome.Done, Run = x.Run, Changed = x.Changed },
        CommandResult.NotFound => new() { Outcome = CommandOutcome.NotFound },
        CommandResult.Refused x => new()
        {
            Outcome = CommandOutcome.Refused,
            Run = x.Run,
            Code = x.Code,
            Message = x.Message,
        },
        CommandResult.Unavailable x => new() { Outcome = CommandOutcome.Unavailable, Message = x.Message },
        _ => throw new ArgumentOutOfRangeException(nameof(result), result.GetType(), "unknown result"),
    };

    public CommandResult ToResult() => Outcome switch
    {
        CommandOutcome.Done => new CommandResult.Done(Run!, Changed),
        CommandOutcome.NotFound => new CommandResult.NotFound(),
        CommandOutcome.Refused => new CommandResult.Refused(Run!, Code!, Message!),
        CommandOutcome.Unavailable => new CommandResult.Unavailable(Message!),
        _ => throw new InvalidOperationException($"A silo answered with the outcome {Outcome}, which is not known here."),
    };
}

/// <summary>The numbers are for ever: silos and clients of different versions talk to each other.</summary>
public enum CommandOutcome
{
    Done = 0,
    NotFound = 1,
    Refused = 2,
    Unavailable = 3,
}
