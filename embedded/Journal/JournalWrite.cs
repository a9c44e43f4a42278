using System.Buffers;
using System.Runtime.InteropServices;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;

namespace AgentGrid.Embedded.Journal;

/// <summary>Which run something in the journal is about.</summary>
internal sealed class RunRef(RunId id, RunKey key, long row = 0)
{
    public RunId Id { get; } = id;
    public RunKey Key { get; } = key;

    /// <summary>The run's row; 0 until it is accepted.</summary>
    public long Row { get; set; } = row;

    /// <summary>
    /// Why nothing of it is written any more, since a turn was refused: it has been removed, or somebody else has written;
    /// null while all is well.
    /// </summary>
    public WriteOutcome? Refused { get; set; }
}

/// <summary>Something for the one thread that writes the journal.</summary>
internal abstract class JournalWrite
{
    /// <summary>Called on the writer's thread, once, when it is durable or has been refused. Must be quick.</summary>
    public Action<WriteOutcome>? Completed { get; set; }

    /// <summary>
    /// It is refused while the disk does not take it, and when the writer has stopped. Without that it is tried again, and
    /// nobody is told when the writer has stopped.
    /// </summary>
    public virtual bool CanFail { get; init; }

    /// <summary>It is durable or refused, and whoever wanted to know does: what it was made of is needed no more.</summary>
    public virtual void Release()
    {
    }
}

/// <summary>The events of one turn of a run.</summary>
/// <remarks>Their texts are made here, by whoever appends them: the one thread that writes has enough to do.</remarks>
internal sealed class AppendEvents : JournalWrite
{
    // A record holds so many that a reader of some reads few in vain.
    private const int MostInOneRecord = 256;

    // Of larger ones there are few, since large values lie elsewhere, and a pool would keep their memory.
    private const int MostPooledBytes = 512 * 1_024;

    private readonly ReadOnlyMemory<byte>[] _records;

    /// <param name="version">How many events the run had before them.</param>
    /// <param name="line">Where it stands after them; null where they change nothing of that.</param>
    /// <param name="isShown">The writer's feed shows them.</param>
    public AppendEvents(RunRef run, long version, RunEvent[] events, RunSummary? line = null, bool isShown = true)
    {
        var writer = TurnWriter.OfThread;
        Run = run;
        Version = version;
        Events = events;
        Line = line;
        _records = new ReadOnlyMemory<byte>[(events.Length + MostInOneRecord - 1) / MostInOneRecord];
        for (var i = 0; i < _records.Length; i++)
        {
            var from = i * MostInOneRecord;
            _records[i] = Copied(writer.Turn(
                run.Id, version + from,
                _records.Length == 1 ? events : events[from..Math.Min(from + MostInOneRecord, events.Length)]));
        }
        Tip = line is null ? null : writer.Tip(version + events.Length, line);
        Shown = isShown ? Array.ConvertAll(events, e => writer.Feed.Unnumbered(run.Id, run.Key, e)) : [];
    }

    public RunRef Run { get; }
    public long Version { get; }
    public RunEvent[] Events { get; }
    public RunSummary? Line { get; }

    /// <summary>The events as the journal keeps them, sealed.</summary>
    public ReadOnlySpan<ReadOnlyMemory<byte>> Records => _records;

    /// <summary>The line as the journal keeps it, sealed; null where there is none.</summary>
    public byte[]? Tip { get; }

    /// <summary>The events as feeds show them, not numbered yet; none when no feed does.</summary>
    public FeedEvent[] Shown { get; }

    /// <summary>Set when the first event is the run's acceptance: the plan that it was accepted with.</summary>
    public Plan? Accept { get; init; }

    /// <inheritdoc/>
    /// <remarks>Nothing new is promised while it cannot be kept.</remarks>
    public override bool CanFail
    {
        get => base.CanFail || Accept is not null;
        init => base.CanFail = value;
    }

    /// <summary>Whoever writes may not have seen all turns: they are kept only when the run has that version.</summary>
    public bool IsChecked { get; init; }

    /// <summary>The number of the last event; set when it completes.</summary>
    public long LastSeq { get; set; }

    /// <summary>By which the plan of an acceptance is found; set when it completes.</summary>
    public string PlanKey { get; set; } = "";

    /// <inheritdoc/>
    public override void Release()
    {
        for (var i = 0; i < _records.Length; i++)
        {
            if (_records[i].Length <= MostPooledBytes && MemoryMarshal.TryGetArray(_records[i], out var bytes))
            {
                ArrayPool<byte>.Shared.Return(bytes.Array!);
            }
            _records[i] = default;
        }
    }

    private static ReadOnlyMemory<byte> Copied(ReadOnlySpan<byte> record)
    {
        var copy = record.Length <= MostPooledBytes ? ArrayPool<byte>.Shared.Rent(record.Length) : new byte[record.Length];
        record.CopyTo(copy);
        return copy.AsMemory(0, record.Length);
    }
}

/// <summary>Remove runs that ended before a moment, a bounded number of them.</summary>
/// <param name="most">How many; <see cref="MostRuns"/> at most.</param>
internal sealed class SweepRuns(DateTimeOffset endedBefore, int most = SweepRuns.MostRuns) : JournalWrite
{
    public const int MostRuns = 500;

    public DateTimeOffset EndedBefore { get; } = endedBefore;

    public int Most { get; } = most;

    /// <summary>How many runs were removed; set when it completes.</summary>
    public int Removed { get; set; }
}

/// <summary>Keep that an operator has drained an agent, or has undrained it.</summary>
internal sealed class KeepDrained(string agent, bool drained) : JournalWrite
{
    /// <summary>What the names of such rows in <c>meta</c> begin with; the agent's follows.</summary>
    public const string Prefix = "drained:";

    /// <summary>The name of the row.</summary>
    public string Name { get; } = Prefix + agent;

    public bool Drained { get; } = drained;
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

    /// <summary>The run has other events than whoever wrote had seen; nothing was kept.</summary>
    Conflict,

    /// <summary>It could not be kept; nothing of it was.</summary>
    Failed,
}
