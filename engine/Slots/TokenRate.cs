using AgentGrid.Core.Agents;
using AgentGrid.Core.Routing;

namespace AgentGrid.Engine.Slots;

/// <summary>
/// How far an agent is in the tokens of its rate limit: a bucket, as one time (GCRA). An attempt takes what it is expected to use when it
/// starts, and the rest is settled when it has ended. Guarded by the table's lock.
/// </summary>
/// <remarks>
/// What was taken too much is given back exactly: as if it had never been taken, and not as what has long flowed back by itself. So in any
/// time <c>t</c> attempts that do not use more than was expected use at most a bucket and what flows in within <c>t</c>.
/// </remarks>
internal sealed class TokenRate(SlotClock clock)
{
    // Of about so many attempts the average is expected.
    private const int Remembered = 20;

    // Before anything is known, an attempt is expected to use such a part of the bucket.
    private const int UnknownPart = 10;

    // In the order in which they have started.
    private readonly List<TokenCharge> _open = [];
    private TokenLimit? _limit;

    // When the bucket is full again.
    private long _full;
    private double _average;
    private int _known;

    /// <summary>One more attempt may start now.</summary>
    public bool Allows => _limit is null || Next <= clock.Now;

    /// <summary>When the next attempt may start; now, or in the past, when one may now.</summary>
    public long Next => _limit is null ? long.MinValue : _full + TicksOf(Estimate) - _limit.Per.Ticks;

    public TokenState? State => _limit is null ? null : new TokenState(Left, Estimate);

    private long Left => (long)Int128.Max(0, (Int128)(_limit!.Per.Ticks - Math.Max(0, _full - clock.Now)) * _limit.Tokens / _limit.Per.Ticks);

    // Never more than the bucket holds: such an attempt starts when it is full.
    private long Estimate => Math.Clamp(
        _limit!.Estimate ?? (_known > 0 ? (long)Math.Ceiling(_average) : _limit.Tokens / UnknownPart), 1, _limit.Tokens);

    /// <summary>The limit from now on. What was used of the one before, in tokens, is used of this one.</summary>
    public void Configure(TokenLimit? limit)
    {
        if (limit == _limit || !clock.Runs)
        {
            return;
        }
        var (now, before) = (clock.Now, _limit);
        _limit = limit;
        if (limit is null || before is null)
        {
            _open.Clear();
            _full = now;
            return;
        }
        var scale = (double)limit.Per.Ticks / limit.Tokens / ((double)before.Per.Ticks / before.Tokens);
        _full = now + (long)Math.Min((_full - now) * scale, limit.Per.Ticks);
        foreach (var charge in _open.Where(static c => c.HasFollowers))
        {
            charge.Behind = now + (long)((charge.Behind - now) * scale);
        }
    }

    /// <summary>An attempt starts.</summary>
    /// <returns>What it has taken; null where tokens are not limited.</returns>
    public TokenCharge? Take()
    {
        if (_limit is null)
        {
            return null;
        }
        var charge = new TokenCharge(this, Estimate);
        Add(TicksOf(charge.Tokens));
        _open.Add(charge);
        return charge;
    }

    /// <summary>An attempt has used so many; said once of it, and not after it was closed.</summary>
    public void Settle(TokenCharge charge, long used)
    {
        var index = _open.IndexOf(charge);
        if (index < 0 || _limit is null)
        {
            return;
        }
        _open.RemoveAt(index);
        _known = Math.Min(_known + 1, Remembered);
        _average += (used - _average) / _known;
        if (used > charge.Tokens)
        {
            Add(TicksOf(used - charge.Tokens));
        }
        else
        {
            GiveBack(charge, TicksOf(charge.Tokens) - TicksOf(used), index);
        }
    }

    /// <summary>It will not be known what it has used: that stays what was expected. Harmless when it has been settled.</summary>
    public void Close(TokenCharge charge) => _open.Remove(charge);

    private void Add(long ticks)
    {
        var now = clock.Now;
        _full = Math.Max(_full, now) + ticks;
        foreach (var other in _open)
        {
            other.Behind = Math.Max(other.Behind, now) + ticks;
            other.HasFollowers = true;
        }
    }

    // As if it had taken less: whoever has started before it never saw it, and what has started after it stands.
    private void GiveBack(TokenCharge charge, long ticks, int earlier)
    {
        var least = charge.HasFollowers ? charge.Behind : long.MinValue;
        _full = Math.Max(least, _full - ticks);
        for (var i = 0; i < earlier; i++)
        {
            _open[i].Behind = Math.Max(least, _open[i].Behind - ticks);
        }
    }

    private long TicksOf(long tokens) => (long)((((Int128)tokens * _limit!.Per.Ticks) + _limit.Tokens - 1) / _limit.Tokens);
}

/// <summary>What an attempt that runs has taken of its agent's tokens.</summary>
/// <param name="tokens">How many it is expected to use.</param>
internal sealed class TokenCharge(TokenRate rate, long tokens)
{
    public long Tokens => tokens;

    /// <summary>When the bucket would be full if nothing but what was taken later had been taken.</summary>
    public long Behind { get; set; }

    /// <summary>Something was taken later.</summary>
    public bool HasFollowers { get; set; }

    public void Settle(long used) => rate.Settle(this, used);

    public void Close() => rate.Close(this);
}
