using AgentGrid.Core.Agents;
using AgentGrid.Core.Routing;

namespace AgentGrid.Engine.Slots;

/// <summary>
/// Whether an agent is taken to be failing: after some failures in a row, until an attempt succeeds. It keeps nothing from
/// starting; the router goes by it. Guarded by the table's lock.
/// </summary>
internal sealed class Breaker(SlotClock clock)
{
    // Failures that are further apart than this are not in a row: one a day says nothing.
    private static readonly long s_window = TimeSpan.FromMinutes(5).Ticks;

    private BreakerPolicy _policy = BreakerPolicy.Off;
    private int _inARow;
    private long _last;
    private bool _isOpen;
    private long _nextTry;

    /// <summary>Null when the last attempt has not failed.</summary>
    public FailingState? State => _inARow == 0 ? null
        : new FailingState(_inARow, _isOpen, TimeSpan.FromTicks(_isOpen ? Math.Max(0, _nextTry - clock.Now) : 0));

    /// <summary>Another policy begins anew.</summary>
    public void Configure(BreakerPolicy policy)
    {
        if (policy != _policy)
        {
            _policy = policy;
            Close();
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
            Close();
            return was ? false : null;
        }
        var now = clock.Now;
        _inARow = _isOpen || now - _last <= s_window ? _inARow + 1 : 1;
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

    private void Postpone() => _nextTry = clock.Now + _policy.Cooldown.Ticks;

    private void Close() => (_inARow, _isOpen) = (0, false);
}
