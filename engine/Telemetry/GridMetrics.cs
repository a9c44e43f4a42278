using System.Diagnostics;
using System.Diagnostics.Metrics;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Telemetry;

/// <summary>What is counted and timed. Names and units follow the OpenTelemetry conventions: seconds, bytes, {things}.</summary>
public static class GridMetrics
{
    private static readonly Counter<long> Accepted = GridTelemetry.Meter.CreateCounter<long>(
        "agentgrid.runs.accepted", "{run}", "Runs that were accepted");

    private static readonly Counter<long> Replayed = GridTelemetry.Meter.CreateCounter<long>(
        "agentgrid.runs.replayed", "{run}", "Submissions that found their run already there");

    private static readonly Histogram<double> RunDuration = GridTelemetry.Meter.CreateHistogram(
        "agentgrid.run.duration", "s", "From a run's start to its end, by plan and status", advice: Seconds());

    private static readonly Histogram<double> AttemptDuration = GridTelemetry.Meter.CreateHistogram(
        "agentgrid.attempt.duration", "s", "From an attempt's start to its end, by agent and outcome", advice: Seconds());

    private static readonly Histogram<double> QueueWait = GridTelemetry.Meter.CreateHistogram(
        "agentgrid.attempt.queue_wait", "s", "How long attempts waited for a slot, by agent", advice: Seconds());

    private static readonly Counter<long> Retries = GridTelemetry.Meter.CreateCounter<long>(
        "agentgrid.attempt.retries", "{attempt}", "Attempts that failed and are tried again, by agent");

    private static readonly Counter<long> Signals = GridTelemetry.Meter.CreateCounter<long>(
        "agentgrid.signals", "{signal}", "Signals and decisions that runs have taken, by plan");

    private static readonly Histogram<double> CommitDuration = GridTelemetry.Meter.CreateHistogram(
        "agentgrid.journal.commit.duration", "s", "How long a commit of the journal took, its fsync included",
        advice: Seconds());

    private static readonly Histogram<long> CommitSize = GridTelemetry.Meter.CreateHistogram(
        "agentgrid.journal.commit.events", "{event}", "How many events a commit of the journal kept",
        advice: new InstrumentAdvice<long> { HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000] });

    /// <summary>Measures what an event says.</summary>
    /// <param name="state">With the event in it.</param>
    /// <param name="drivenSince">When this process took the run up: nobody waited for a slot while it was down.</param>
    public static void Record(RunState state, RunEvent e, DateTimeOffset drivenSince)
    {
        switch (e)
        {
            case RunEvent.AttemptStarted x: RecordStart(state, x, drivenSince); break;
            case RunEvent.AttemptSucceeded x: RecordEnd(state, x, x.Step, x.Attempt, "succeeded"); break;
            case RunEvent.AttemptFailed x: RecordFailure(state, x); break;
            case RunEvent.AttemptCancelled x: RecordEnd(state, x, x.Step, x.Attempt, "cancelled"); break;
            case RunEvent.SignalReceived:
                Signals.Add(1, new KeyValuePair<string, object?>("plan", GridTelemetry.NameOfPlan(state)));
                break;
            case RunEvent.RunCompleted: RecordRun(state, e, "completed"); break;
            case RunEvent.RunFailed: RecordRun(state, e, "failed"); break;
            case RunEvent.RunCancelled: RecordRun(state, e, "cancelled"); break;
            default: break; // nothing that is measured
        }
    }

    /// <summary>A run that is there was posted again.</summary>
    public static void RecordReplayed() => Replayed.Add(1);

    /// <summary>A run is accepted, and durable.</summary>
    public static void RecordAccepted() => Accepted.Add(1);

    /// <summary>A commit of a journal is durable.</summary>
    /// <param name="startedAt">A timestamp of <see cref="Stopwatch"/>.</param>
    /// <param name="events">How many it kept.</param>
    public static void RecordCommit(long startedAt, int events)
    {
        if (CommitDuration.Enabled || CommitSize.Enabled)
        {
            CommitDuration.Record(Stopwatch.GetElapsedTime(startedAt).TotalSeconds);
            CommitSize.Record(events);
        }
    }

    private static void RecordStart(RunState state, RunEvent.AttemptStarted e, DateTimeOffset drivenSince)
    {
        if (QueueWait.Enabled)
        {
            var attempt = state[e.Step].Attempts[e.Attempt - 1];
            var since = attempt.QueuedAt > drivenSince ? attempt.QueuedAt : drivenSince;
            QueueWait.Record((e.Time - since).TotalSeconds, new KeyValuePair<string, object?>("agent", e.Agent));
        }
    }

    private static void RecordFailure(RunState state, RunEvent.AttemptFailed e)
    {
        RecordEnd(state, e, e.Step, e.Attempt, e.Error.Kind == ErrorKind.Timeout ? "timed_out" : "failed");
        if (e.RetryAt is not null)
        {
            Retries.Add(1, new KeyValuePair<string, object?>("agent", e.Agent));
        }
    }

    private static void RecordEnd(RunState state, RunEvent e, string step, int number, string outcome)
    {
        if (AttemptDuration.Enabled && state[step].Attempts[number - 1] is { StartedAt: { } startedAt } attempt)
        {
            AttemptDuration.Record(
                (e.Time - startedAt).TotalSeconds,
                new KeyValuePair<string, object?>("agent", attempt.Agent),
                new KeyValuePair<string, object?>("outcome", outcome));
        }
    }

    private static void RecordRun(RunState state, RunEvent e, string status)
    {
        if (RunDuration.Enabled)
        {
            RunDuration.Record(
                (e.Time - (state.LastStartedAt ?? e.Time)).TotalSeconds,
                new KeyValuePair<string, object?>("plan", GridTelemetry.NameOfPlan(state)),
                new KeyValuePair<string, object?>("status", status));
        }
    }

    private static InstrumentAdvice<double> Seconds() => new()
    {
        HistogramBucketBoundaries =
            [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800],
    };
}
