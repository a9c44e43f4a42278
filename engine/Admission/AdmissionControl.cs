namespace AgentGrid.Engine.Admission;

/// <summary>
/// How many runs there may be, active or queued, exactly; and when it makes sense to ask again.
/// </summary>
/// <remarks>
/// A tenant must leave free an eighth of what it holds, so that whoever posts first and most never takes the last places
/// from the others; with several that want all they can get, each ends up with about the same. A request that names no
/// tenant may take every place.
/// </remarks>
public sealed class AdmissionControl(int limit, TimeProvider time)
{
    private const int Share = 8;
    private const int WindowSeconds = 10;
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _byTenant = new(StringComparer.Ordinal);
    private readonly int[] _left = new int[WindowSeconds];
    private readonly long _start = time.GetTimestamp();
    private int _held;
    private long _second;
    private TimeSpan _lastLeft;
    private TimeSpan _promised;

    /// <summary>Takes a place, whether or not there is one: for runs that were promised one before.</summary>
    public void Enter(string? tenant)
    {
        lock (_gate)
        {
            Add(tenant, 1);
        }
    }

    /// <summary>Takes a place if there is one.</summary>
    /// <returns>Null when it is taken; else why not, and when to ask again.</returns>
    public AdmissionRefusal? TryEnter(string? tenant) => TryEnter(tenant, limit);

    /// <inheritdoc cref="TryEnter(string?)"/>
    /// <param name="most">How many places there are, where that is for whoever enters to say.</param>
    public AdmissionRefusal? TryEnter(string? tenant, int most)
    {
        lock (_gate)
        {
            if (Reason(tenant, most) is { } reason)
            {
                return new AdmissionRefusal(reason, Promise());
            }
            Add(tenant, 1);
            _promised = TimeSpan.Zero;
            return null;
        }
    }

    /// <summary>What <see cref="TryEnter(string?)"/> would answer now, without taking a place.</summary>
    public AdmissionRefusal? Refusal(string? tenant)
    {
        lock (_gate)
        {
            return Reason(tenant, limit) is { } reason ? new AdmissionRefusal(reason, Promise()) : null;
        }
    }

    /// <summary>Gives a place back.</summary>
    /// <param name="ended">Whether a run has ended, rather than never begun.</param>
    public void Leave(string? tenant, bool ended)
    {
        lock (_gate)
        {
            Add(tenant, -1);
            if (ended)
            {
                _lastLeft = Advance();
                _left[_second % WindowSeconds]++;
            }
        }
    }

    private void Add(string? tenant, int change)
    {
        _held += change;
        var key = Tenant.Key(tenant);
        var held = _byTenant.GetValueOrDefault(key) + change;
        if (held == 0)
        {
            _byTenant.Remove(key);
            return;
        }
        _byTenant[key] = held;
    }

    private string? Reason(string? tenant, int most)
    {
        var free = most - _held;
        if (free <= 0)
        {
            return $"{_held} runs are active or queued, as many as are allowed (options MaxActiveRuns and MaxQueuedRuns).";
        }
        return tenant is not null && _byTenant.GetValueOrDefault(tenant) is var own && own >= (long)Share * free
            ? $"'{tenant}' has {own} of {most} possible runs, and the last {free} are kept for others."
            : null;
    }

    // Places become free one by one: each that is refused is told to come when those before it have been served. Once
    // somebody finds a place, nobody is ahead any more.
    private TimeSpan Promise()
    {
        var now = Advance();
        var count = _left.Sum();
        var each = count == 0
            ? now - _lastLeft // As long again as it has been by now.
            : TimeSpan.FromSeconds(Math.Clamp(now.TotalSeconds, 1, WindowSeconds) / count);
        var promised = (_promised > now ? _promised : now) + each;
        _promised = promised - now > Longest ? now + Longest : promised;
        var wait = _promised - now;
        return wait < Shortest ? Shortest : wait;
    }

    // Forgets what is older than the window; returns the time since the start.
    private TimeSpan Advance()
    {
        var now = time.GetElapsedTime(_start);
        for (var second = (long)now.TotalSeconds; _second < second;)
        {
            _second = Math.Max(_second + 1, second - WindowSeconds);
            _left[_second % WindowSeconds] = 0;
        }
        return now;
    }
}
