using AgentGrid.Core;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Store;

/// <summary>Whether a summary is that of a run after the events of a turn.</summary>
public static class TurnCheck
{
    /// <summary>
    /// Where the events lead the run as a whole: to its end, or, by a retry, out of it. Null when none says anything of that.
    /// </summary>
    /// <exception cref="ArgumentException">There are no events, or the summary does not fit them.</exception>
    public static RunStatus? MovedTo(RunId run, IReadOnlyList<RunEvent> events, RunSummary summary)
    {
        RunStatus? moved = null;
        foreach (var e in events)
        {
            moved = e switch
            {
                RunEvent.RunCompleted => RunStatus.Completed,
                RunEvent.RunFailed => RunStatus.Failed,
                RunEvent.RunCancelled => RunStatus.Cancelled,
                RunEvent.RunRetried => RunStatus.Queued,
                _ => moved, // says nothing about the run as a whole
            };
        }
        return events.Count > 0 && summary.RunId == run && (moved is not { } to || to.IsEnded() == summary.Status.IsEnded())
            ? moved
            : throw new ArgumentException(
                $"Run {run}: expected at least one event, and the summary of the run after its events; " +
                $"got {events.Count} events, and a summary of run {summary.RunId} that is {summary.Status}.",
                nameof(summary));
    }

    /// <summary>No event moves the run, and the summary says something else of its end than is kept.</summary>
    /// <param name="kept">As it is kept.</param>
    public static ArgumentException NotMoved(RunId run, RunStatus kept, RunSummary summary) => new(
        $"Run {run} is {kept}, none of the events changes that, and the summary says {summary.Status}: expected the " +
        "summary of the run after its events.", nameof(summary));
}
