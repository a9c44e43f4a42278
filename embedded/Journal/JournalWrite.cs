using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Embedded.Journal;

/// <summary>Which run something in the journal is about.</summary>
internal sealed class RunRef(RunId id, RunKey key, long row = 0)
{
    public RunId Id { get; } = id;
    public RunKey Key { get; } = key;

    /// <summary>The run's row; 0 until it is accepted.</summary>
    public long Row { get; set; } = row;

    /// <summary>It had been removed from the journal before something more could be written of it.</summary>
    public bool IsRemoved { get; set; }

    /// <summary>When it was first started, in UTC ticks; null until then.</summary>
    public long? StartedAt { get; set; }
}

/// <summary>Something for the one thread that writes the journal.</summary>
internal abstract class JournalWrite
{
    /// <summary>Called on the writer's thread, once, when it is durable or has been refused. Must be quick.</summary>
    public Action<WriteOutcome>? Completed { get; init; }
}

/// <summary>The events of one turn of a run.</summary>
/// <remarks>Their texts are made here, by whoever appends them: the one thread that writes has enough to do.</remarks>
internal sealed class AppendEvents : JournalWrite
{
    public AppendEvents(RunRef run, RunEvent[] events)
    {
        Run = run;
        Events = events;
        Records = TurnWriter.OfThread.Records(events);
        Drafts = TurnWriter.OfThread.Drafts(run, events);
    }

    public RunRef Run { get; }
    public RunEvent[] Events { get; }

    /// <summary>The events as the journal keeps them.</summary>
    public TurnRecord[] Records { get; }

    /// <summary>The events as feeds show them.</summary>
    public FeedDraft[] Drafts { get; }

    /// <summary>Set when the first event is the run's acceptance: the plan that it was accepted with.</summary>
    public Plan? Accept { get; init; }

    /// <summary>Set when the run ends: who has had an attempt in it.</summary>
    public AgentSet? Agents { get; init; }

    /// <summary>Set when the run fails or is cancelled: why, in one line.</summary>
    public string? Reason { get; init; }
}

/// <summary>Remove runs that ended before a moment, a bounded number of them.</summary>
internal sealed class SweepRuns(DateTimeOffset endedBefore) : JournalWrite
{
    public const int MostRuns = 500;

    public DateTimeOffset EndedBefore { get; } = endedBefore;

    /// <summary>How many runs were removed; set when it completes.</summary>
    public int Removed { get; set; }
}

/// <summary>Nothing to be written: it completes when all that was appended before it is durable.</summary>
internal sealed class Flush : JournalWrite;

internal enum WriteOutcome
{
    Durable,

    /// <summary>An acceptance whose key is taken by another run.</summary>
    KeyTaken,

    /// <summary>The run had ended long ago, and has just been removed; nothing was kept.</summary>
    RunRemoved,

    /// <summary>It could not be kept; nothing of it was.</summary>
    Failed,
}
