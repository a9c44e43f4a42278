using AgentGrid.Core.Agents;
using AgentGrid.Core.Routing;

namespace AgentGrid.Engine.Slots;

/// <summary>
/// Whether an agent is taken to be failing, anywhere or on one node: after some failures in a row, until an attempt succeeds. It keeps nothing from
/// starting; the router goes by it. Guarded by the table's lock.
/// </summary>
internal sealed class Breaker(SlotClock clock)
{
    /// <summary>Failures that are further apart than these ticks are not in a row: one a day says nothing.</summary>
    public static readonly long Window = TimeSpan.FromMinutes(5).Ticks;

    private BreakerPolicy _policy = BreakerPolicy.Off;
    private int _inARow;
    private long _last;
    private bool _isOpen;
    private long _nextTry;

    /// <summary>Null when the last attempt has not failed.</summary>
    public FailingState? State => _inARow == 0 ? null
        : new FailingState(_inARow, _isOpen, TimeSpan.FromTicks(_isOpen ? Math.Max(0, _nextTry - clock.Now) : 0));

    /// <summary>When an attempt is to find out whether it works again; of an open one.</summary>
    public long NextTry => _nextTry;

    /// <summary>Another policy begins anew.</summary>
    public void Configure(BreakerPolicy policy)
    {
        if (policy != _policy)
        {
            _policy = policy;
            Reset();
        }
    }

    /// <summary>An attempt starts: when it is time to find out whether the agent works again, this one does.</summary>
    public void Start()
    {
        if (_isOpen && _nextTry <= clock.Now)
        {
            Postpone();
        }
    }

    /// <summary>An attempt has succeeded, or failed in a way that says something of the agent.</summary>
    /// <returns>Whether the agent is taken to be failing from now on, or not any more; null when nothing has changed.</returns>
    public bool? End(bool hasFailed)
    {
        if (!_policy.IsOn || !clock.Runs)
        {
            return null;
        }
        if (!hasFailed)
        {
            var was = _isOpen;
            Reset();
            return was ? false : null;
        }
        var now = clock.Now;
        _inARow = _isOpen || now - _last <= Window ? _inARow + 1 : 1;
        _last = now;
        if (_inARow < _policy.Failures && !_isOpen)
        {
            return null;
        }
        Postpone();
        var opens = !_isOpen;
        _isOpen = true;
        return opens ? true : null;
    }

    /// <summary>It begins anew.</summary>
    public void Reset() => (_inARow, _isOpen) = (0, false);

    private void Postpone() => _nextTry = clock.Now + _policy.Cooldown.Ticks;
}
