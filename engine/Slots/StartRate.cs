using AgentGrid.Core.Agents;

namespace AgentGrid.Engine.Slots;

/// <summary>
/// How far an agent is in its rate limit: a bucket of starts, as one number (GCRA). It is full when the agent is new, so that
/// a crash lets one burst more through at most. Guarded by the table's lock.
/// </summary>
/// <remarks>Virtual scheduling as in ITU-T I.371, with the burst as its tolerance.</remarks>
internal sealed class StartRate(SlotClock clock)
{
    private RateLimit? _limit;

    // When all starts are there again. Each costs an interval.
    private long _full;

    /// <summary>One more attempt may start now.</summary>
    public bool Allows => _limit is null || Next <= clock.Now;

    /// <summary>When the next attempt may start; now, or in the past, when one may now.</summary>
    public long Next => _limit is null ? long.MinValue : _full - ((_limit.Burst - 1) * Interval);

    /// <summary>How many may start at once.</summary>
    public int Left => _limit is null ? int.MaxValue : LeftAt(clock.Now);

    private long Interval => _limit!.Interval.Ticks;

    /// <summary>The limit from now on. What was used of the one before, counted in starts, is used of this one.</summary>
    public void Configure(RateLimit? limit)
    {
        limit = limit is { Requests: null } ? null : limit;
        if (limit == _limit || !clock.Runs)
        {
            return;
        }
        var now = clock.Now;
        var used = _limit is null ? 0 : Math.Max(0, (double)(_full - now) / Interval);
        _limit = limit;
        _full = limit is null ? 0 : now + (long)(Math.Min(used, limit.Burst) * Interval);
    }

    /// <summary>An attempt starts.</summary>
    public void Take()
    {
        if (_limit is not null)
        {
            _full = Math.Max(_full, clock.Now) + Interval;
        }
    }

    private int LeftAt(long now) => (int)Math.Max(0, ((_limit!.Burst * Interval) - Math.Max(0, _full - now)) / Interval);
}
