namespace AgentGrid.Core.Runs;

/// <summary>What can happen to an attempt, in which status it can, and where that leads: its life, as a table.</summary>
/// <remarks>
/// The run machine decides nothing else, so an event that does not fit is no event of this run: one is missing before it,
/// or it is there twice.
/// </remarks>
public static class AttemptLife
{
    private static readonly (AttemptMove Move, AttemptStatus[] From, AttemptStatus To)[] s_table =
    [
        (AttemptMove.Queue, [AttemptStatus.Queued], AttemptStatus.Queued),
        (AttemptMove.Start, [AttemptStatus.Queued], AttemptStatus.Running),
        (AttemptMove.Progress, [AttemptStatus.Running], AttemptStatus.Running),
        (AttemptMove.Lose, [AttemptStatus.Running], AttemptStatus.Queued),
        (AttemptMove.Succeed, [AttemptStatus.Queued, AttemptStatus.Running], AttemptStatus.Succeeded),
        (AttemptMove.Fail, [AttemptStatus.Queued, AttemptStatus.Running], AttemptStatus.Failed),
        (AttemptMove.TimeOut, [AttemptStatus.Running], AttemptStatus.TimedOut),
        (AttemptMove.Cancel, [AttemptStatus.Queued, AttemptStatus.Running], AttemptStatus.Cancelled),
    ];

    /// <summary>Where a move leads from a status; null when it cannot happen there.</summary>
    public static AttemptStatus? Next(AttemptStatus from, AttemptMove move)
    {
        var (_, allowed, to) = s_table[(int)move];
        return Array.IndexOf(allowed, from) >= 0 ? to : null;
    }

    /// <exception cref="InvalidOperationException">It cannot happen in this status.</exception>
    internal static void Move(StepState step, AttemptState attempt, AttemptMove move) =>
        attempt.Status = Next(attempt.Status, move) ?? throw new InvalidOperationException(
            $"Attempt {attempt.Number} of step '{step.Id}' is {attempt.Status}, and its journal goes on with '{move}'.");
}

/// <summary>Something that happens to an attempt.</summary>
public enum AttemptMove
{
    /// <summary>It waits for a slot; a new one, or one whose node was lost.</summary>
    Queue,

    /// <summary>It has its slot, and its agent is asked.</summary>
    Start,

    /// <summary>Its agent says how far it is.</summary>
    Progress,

    /// <summary>Its node is gone.</summary>
    Lose,

    /// <summary>Its agent has answered; after a loss perhaps while it waits for another slot.</summary>
    Succeed,

    /// <summary>Its agent has failed, or is not there any more.</summary>
    Fail,

    /// <summary>Its time is over.</summary>
    TimeOut,

    /// <summary>Nobody waits for it any more.</summary>
    Cancel,
}
