namespace AgentGrid.Cluster.Tests.Histories;

/// <summary>A run as callers see it: what they command happens at one moment between their call and its answer.</summary>
/// <param name="Signal">What was sent to the one step that waits; null until then.</param>
internal readonly record struct RunModel(RunModel.State Status, string? Signal)
{
    public enum State
    {
        Active,
        Completed,
        Failed,
        Cancelled,
    }

    public static RunModel Begun { get; } = new(State.Active, null);

    /// <summary>What can become of it by itself.</summary>
    /// <param name="waits">It has a step that waits for a signal, so it does not complete without one.</param>
    public IEnumerable<RunModel> Ends(bool waits)
    {
        if (Status != State.Active)
        {
            yield break;
        }
        if (!waits || Signal is not null)
        {
            yield return this with { Status = State.Completed };
        }
        yield return this with { Status = State.Failed };
    }

    /// <summary>What it is after the command; null when the command cannot have been answered so.</summary>
    public RunModel? After(Command command) => command.Kind switch
    {
        CommandKind.Cancel => Cancel(command.Answer),
        CommandKind.Retry => Retry(command.Answer),
        CommandKind.Signal => Send(command),
        CommandKind.Read => command.Answer == CommandAnswer.Unknown || command.Value == Name ? this : null,
        _ => throw new ArgumentOutOfRangeException(nameof(command), command.Kind, null),
    };

    private string Name => Status switch
    {
        State.Active => "active",
        State.Completed => "completed",
        State.Failed => "failed",
        State.Cancelled => "cancelled",
        _ => throw new InvalidOperationException($"{Status}"),
    };

    private RunModel? Cancel(CommandAnswer answer)
    {
        var active = Status == State.Active;
        return answer switch
        {
            CommandAnswer.Unknown => active ? this with { Status = State.Cancelled } : this,
            CommandAnswer.Changed => active ? this with { Status = State.Cancelled } : null,
            // The api calls again when it has lost an answer: then it was this very command that made it so.
            CommandAnswer.Unchanged => active || Status == State.Cancelled ? this with { Status = State.Cancelled } : null,
            CommandAnswer.Ended or CommandAnswer.Refused => Status is State.Completed or State.Failed ? this : null,
            _ => null,
        };
    }

    private RunModel? Retry(CommandAnswer answer)
    {
        var can = Status is State.Cancelled or State.Failed;
        return answer switch
        {
            CommandAnswer.Unknown => can ? this with { Status = State.Active } : this,
            CommandAnswer.Changed => can ? this with { Status = State.Active } : null,
            CommandAnswer.Unchanged => can || Status == State.Active ? this with { Status = State.Active } : null,
            CommandAnswer.Ended or CommandAnswer.Refused => can ? null : this,
            _ => null,
        };
    }

    private RunModel? Send(Command command)
    {
        var free = Status == State.Active && Signal is null;
        return command.Answer switch
        {
            CommandAnswer.Unknown => free ? this with { Signal = command.Value } : this,
            CommandAnswer.Changed => free ? this with { Signal = command.Value } : null,
            // Its answer was lost, and it was sent again.
            CommandAnswer.Unchanged => free || Signal == command.Value ? this with { Signal = command.Value } : null,
            CommandAnswer.Ended => Status != State.Active ? this : null,
            CommandAnswer.Refused => Status == State.Active && Signal is not null ? this : null,
            _ => null,
        };
    }
}
