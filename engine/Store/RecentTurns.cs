using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Store;

/// <summary>
/// The turns that this process has written last, until its own feed asks for them: what a feed is brought of them need not be
/// read. Bounded; what has no room any more is read like a turn of others. Can be called concurrently.
/// </summary>
public sealed class RecentTurns
{
    private const int Room = 1_024;

    // What is larger is not brought, but read from the store.
    private const int LargestBytes = 8_192;

    private readonly Turn?[] _turns = new Turn?[Room];
    private volatile bool _isAsked;

    /// <summary>Remembers a turn that is durable, if anybody here asks for turns.</summary>
    /// <param name="last">The number of its last event.</param>
    /// <param name="record">What was written of it.</param>
    public void Add(long last, ReadOnlyMemory<byte> record, IReadOnlyList<RunEvent> events)
    {
        if (_isAsked && record.Length <= LargestBytes)
        {
            Volatile.Write(ref _turns[last % Room], new Turn(last, record, events));
        }
    }

    /// <summary>The events of a turn that this process has written, and forgets with that; null when it has not, or no longer knows.</summary>
    /// <param name="record">What was brought of it: only the very same is the same turn.</param>
    public IReadOnlyList<RunEvent>? Take(long last, ReadOnlySpan<byte> record)
    {
        _isAsked = true;
        ref var place = ref _turns[last % Room];
        if (Volatile.Read(ref place) is not { } turn || turn.Last != last || !turn.Record.Span.SequenceEqual(record))
        {
            return null;
        }
        Volatile.Write(ref place, null);
        return turn.Events;
    }

    private sealed record Turn(long Last, ReadOnlyMemory<byte> Record, IReadOnlyList<RunEvent> Events);
}
