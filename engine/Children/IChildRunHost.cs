using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Children;

/// <summary>
/// What runs that start others take from their engine. What cannot be answered for now is a value, and asked again; an exception is a
/// mistake in Agent Grid.
/// </summary>
public interface IChildRunHost
{
    /// <inheritdoc cref="IAgentGrid.SubmitAsync"/>
    ValueTask<SubmitResult> SubmitAsync(SubmitRun submit);

    /// <summary>Waits until a run has ended, as long as the engine likes to.</summary>
    /// <returns>Null when it goes on, or nobody knows.</returns>
    ValueTask<ChildEnd?> WaitForEndAsync(RunKey key, RunId run);

    /// <summary>Cancels a run.</summary>
    /// <returns>True when it has ended, or is not there; false when nobody knows.</returns>
    ValueTask<bool> CancelAsync(RunKey key, RunId run, string reason);

    /// <summary>Whether somebody waits for what a child comes to, by what is durable.</summary>
    /// <returns>Null when nobody knows.</returns>
    ValueTask<bool?> IsWantedAsync(ParentRun parent);
}

/// <summary>How a child has ended.</summary>
/// <param name="Status">Null when it is not there any more.</param>
/// <param name="Result">Of a completed one.</param>
/// <param name="Error">Of a failed one.</param>
/// <param name="Reason">Why it was cancelled.</param>
public sealed record ChildEnd(RunStatus? Status, Json? Result, RunError? Error, string? Reason)
{
    /// <summary>Null of a run that goes on.</summary>
    public static ChildEnd? Of(RunState? run) => run is null ? new ChildEnd(null, null, null, null)
        : run.Status.IsEnded() ? new ChildEnd(run.Status, run.Result, run.Error, run.CancelReason)
        : null;
}
