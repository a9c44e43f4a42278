using System.Collections.Immutable;

namespace AgentGrid.Engine.Admission;

/// <summary>
/// Whose turn it is among tenants (or flows of a tenant) that wait: the one that was served longest ago. Who begins to
/// wait goes behind all others, so nobody gains anything by going away and coming back. Guarded by its owner's lock.
/// </summary>
internal sealed class FairQueue<TKey>
    where TKey : notnull
{
    private readonly Dictionary<TKey, Turn> _turns = [];
    private long _clock;

    /// <summary>Somebody waits.</summary>
    public bool AnyWait => _turns.Count > 0;

    /// <summary>How many requests wait, by whose they are.</summary>
    public IReadOnlyDictionary<TKey, int> Waiting => _turns.ToImmutableDictionary(t => t.Key, t => t.Value.Waiting);

    /// <summary>The lower, the sooner.</summary>
    public long Of(TKey key) => _turns[key].Last;

    /// <summary>One more request of that key waits.</summary>
    public void Join(TKey key)
    {
        var turn = _turns.GetValueOrDefault(key);
        _turns[key] = new Turn(turn.Waiting == 0 ? ++_clock : turn.Last, turn.Waiting + 1);
    }

    /// <summary>One that waited is served, or does not wait any more.</summary>
    public void Leave(TKey key, bool served)
    {
        var turn = _turns[key];
        if (turn.Waiting == 1)
        {
            _turns.Remove(key);
            return;
        }
        _turns[key] = new Turn(served ? ++_clock : turn.Last, turn.Waiting - 1);
    }

    private readonly record struct Turn(long Last, int Waiting);
}
