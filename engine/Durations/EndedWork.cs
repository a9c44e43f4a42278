using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Durations;

/// <summary>An attempt that has ended and says how long its agent takes; or a step that is completed.</summary>
/// <param name="Step">Its index in the plan.</param>
/// <param name="Agent">Of a step the one that took longest; empty for a wait.</param>
/// <param name="Succeeded">False: it might have taken longer.</param>
/// <param name="IsStep">It is the work of the step, and no attempt.</param>
internal readonly record struct EndedWork(
    int Step, string Agent, string Node, DateTimeOffset StartedAt, DateTimeOffset EndedAt, bool Succeeded, bool IsStep)
{
    public double Seconds => (EndedAt - StartedAt).TotalSeconds;

    /// <summary>Null for an attempt that says nothing of how long its agent takes: a failure, a cancelled run.</summary>
    public static EndedWork? Of(StepState step, AttemptState attempt) =>
        attempt is { StartedAt: { } start, EndedAt: { } end } && Tells(step, attempt)
            ? new EndedWork(step.Index, attempt.Agent, attempt.Node ?? "", start, end, attempt.Status == AttemptStatus.Succeeded, IsStep: false)
            : null;

    /// <summary>Null for a step that is not completed.</summary>
    public static EndedWork? Of(StepState step)
    {
        if (step.Status != StepStatus.Completed)
        {
            return null;
        }
        if (step.Step.Wait is not null)
        {
            return step is { StartedAt: { } start, EndedAt: { } end }
                ? new EndedWork(step.Index, "", "", start, end, Succeeded: true, IsStep: true)
                : null;
        }
        EndedWork? longest = null;
        foreach (var attempt in step.Attempts)
        {
            if (attempt.Status == AttemptStatus.Succeeded && Of(step, attempt) is { } work && !(work.Seconds <= longest?.Seconds))
            {
                longest = work with { IsStep = true };
            }
        }
        return longest;
    }

    private static bool Tells(StepState step, AttemptState attempt) => attempt.Status switch
    {
        AttemptStatus.Succeeded or AttemptStatus.TimedOut => true,
        AttemptStatus.Cancelled => HasLostTheRace(step, attempt),
        _ => false,
    };

    // The winner ended in the same turn, just before it.
    private static bool HasLostTheRace(StepState step, AttemptState attempt)
    {
        if (step.Step.Mode != StepMode.Race)
        {
            return false;
        }
        foreach (var other in step.Attempts)
        {
            if (other.Status == AttemptStatus.Succeeded && other.EndedAt == attempt.EndedAt)
            {
                return true;
            }
        }
        return false;
    }
}
