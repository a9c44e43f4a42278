using System.Collections.Immutable;

namespace AgentGrid.Engine.Admission;

/// <summary>
/// Whose turn it is among tenants that wait: the one that was served longest ago. A tenant that begins to wait goes
/// behind all others, so nobody gains anything by going away and coming back. Guarded by its owner's lock.
/// </summary>
internal sealed class FairQueue
{
    private readonly Dictionary<string, Turn> _turns = new(StringComparer.Ordinal);
    private long _clock;

    /// <summary>Somebody waits.</summary>
    public bool AnyWait => _turns.Count > 0;

    /// <summary>How many requests wait, by tenant.</summary>
    public IReadOnlyDictionary<string, int> Waiting => _turns.ToImmutableDictionary(t => t.Key, t => t.Value.Waiting);

    /// <summary>What stands for the tenant that nobody has named.</summary>
    public static string Key(string? tenant) => tenant ?? "";

    /// <summary>The lower, the sooner.</summary>
    public long Of(string tenant) => _turns[tenant].Last;

    /// <summary>One more request of the tenant waits.</summary>
    public void Join(string tenant)
    {
        var turn = _turns.GetValueOrDefault(tenant);
        _turns[tenant] = new Turn(turn.Waiting == 0 ? ++_clock : turn.Last, turn.Waiting + 1);
    }

    /// <summary>One that waited is served, or does not wait any more.</summary>
    public void Leave(string tenant, bool served)
    {
        var turn = _turns[tenant];
        if (turn.Waiting == 1)
        {
            _turns.Remove(tenant);
            return;
        }
        _turns[tenant] = new Turn(served ? ++_clock : turn.Last, turn.Waiting - 1);
    }

    private readonly record struct Turn(long Last, int Waiting);
}
