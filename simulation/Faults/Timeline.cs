using System.Collections.Immutable;
using AgentGrid.Core.Runs;
using AgentGrid.Simulation.Grid;

namespace AgentGrid.Simulation.Faults;

/// <summary>Something that happened in a simulated run, or to the grid meanwhile.</summary>
/// <param name="Seconds">Since the beginning.</param>
/// <param name="What">In words.</param>
/// <param name="IsFault">It was done to the grid.</param>
public sealed record TimelineEntry(double Seconds, string What, bool IsFault = false);

/// <summary>What happened in a run, in words.</summary>
internal static class Timeline
{
    public static ImmutableArray<TimelineEntry> Of(KeptRun run, IEnumerable<TimelineEntry> faults, DateTimeOffset start)
    {
        var events = run.Events.Select(e => new TimelineEntry(Math.Round((e.Time - start).TotalSeconds, 3), Words(e))).Where(static e => e.What.Length > 0);
        return [.. faults.Where(f => !(f.Seconds > (run.Last.EndedAt - start)?.TotalSeconds)).Concat(events).OrderBy(static e => e.Seconds)];
    }

    private static string Words(RunEvent e) => e switch
    {
        RunEvent.RunAccepted => "the run is accepted",
        RunEvent.RunStarted => "the run starts",
        RunEvent.RunResumed => "the run goes on: a process drives it again",
        RunEvent.StepFannedOut x => $"{x.Step}: {x.Branches} branches, {x.Required} must succeed",
        RunEvent.AttemptQueued x => $"{x.Step} #{x.Attempt}: waits for a slot of '{x.Agent}'",
        RunEvent.AttemptStarted x => $"{x.Step} #{x.Attempt}: '{x.Agent}' starts{(x.Node.Length > 0 ? $" on {x.Node}" : "")}",
        RunEvent.AttemptSucceeded x => $"{x.Step} #{x.Attempt}: '{x.Agent}' succeeds",
        RunEvent.AttemptFailed x => $"{x.Step} #{x.Attempt}: '{x.Agent}' fails, {x.Error.Code}{(x.RetryAt is null ? "" : ", and is tried again")}",
        RunEvent.AttemptLost x => $"{x.Step} #{x.Attempt}: lost, because {x.Reason}",
        RunEvent.AttemptCancelled x => $"{x.Step} #{x.Attempt}: cancelled, {x.Reason}",
        RunEvent.StepReminded x => $"{x.Step}: somebody is reminded of '{x.Signal}'",
        RunEvent.StepWaiting x => $"{x.Step}: waits for '{x.Signal}'",
        RunEvent.SignalReceived x => $"the signal '{x.Signal}' comes",
        RunEvent.StepCompleted x => $"{x.Step}: completed",
        RunEvent.StepFailed x => $"{x.Step}: failed, {x.Error.Code}: {x.Error.Message}{(x.Tolerated ? " It is optional." : "")}",
        RunEvent.StepSkipped x => $"{x.Step}: skipped, {x.Reason}",
        RunEvent.RunCompleted => "the run is completed",
        RunEvent.RunFailed x => $"the run fails, {x.Error.Code}: {x.Error.Message}",
        RunEvent.RunCancelled x => $"the run is cancelled, {x.Reason}",
        _ => "",
    };
}
