namespace AgentGrid.Runtime.Runs;

/// <summary>
/// Lets a bounded number of runs be driven at once; the others wait: by priority, then tenant by tenant in turn, then in
/// their order.
/// </summary>
public sealed class Admission(int maxActive)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, PriorityQueue<IAdmitted, (int Priority, long Order)>> _waiting =
        new(StringComparer.Ordinal);
    private readonly TenantTurns _turns = new();
    private int _count;
    private long _order;
    private int _active;
    private bool _closed;

    /// <summary>How many runs hold a place.</summary>
    public int Active => Volatile.Read(ref _active);

    /// <summary>How many runs wait for one.</summary>
    public int Waiting => Volatile.Read(ref _count);

    /// <summary>Starts the run when there is a place, or else when one becomes free.</summary>
    public void Enter(IAdmitted run)
    {
        lock (_gate)
        {
            if (_closed || _active >= maxActive)
            {
                Enqueue(run);
                return;
            }
            TakePlace(run);
        }
        run.Start();
    }

    /// <summary>Gives a run that was started before a restart its place back, even past the limit.</summary>
    public void Reenter(IAdmitted run)
    {
        lock (_gate)
        {
            TakePlace(run);
        }
    }

    /// <summary>The run has ended: its place goes to the next, if it had one.</summary>
    public void Leave(IAdmitted run)
    {
        IAdmitted? next = null;
        lock (_gate)
        {
            if (!run.HoldsPlace)
            {
                return;
            }
            run.HoldsPlace = false;
            _active--;
            if (!_closed && _active < maxActive && _count > 0)
            {
                next = Dequeue();
                TakePlace(next);
            }
        }
        next?.Start();
    }

    /// <summary>From now on no run is started any more.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
        }
    }

    private void Enqueue(IAdmitted run)
    {
        var tenant = TenantTurns.Key(run.Tenant);
        if (!_waiting.TryGetValue(tenant, out var runs))
        {
            _waiting.Add(tenant, runs = new());
        }
        runs.Enqueue(run, (-run.Priority, _order++));
        _turns.Join(tenant);
        _count++;
    }

    private IAdmitted Dequeue()
    {
        string? best = null;
        var bestTurn = (Priority: int.MaxValue, Turn: long.MaxValue);
        foreach (var (tenant, runs) in _waiting)
        {
            runs.TryPeek(out _, out var first);
            var turn = (first.Priority, _turns.Of(tenant));
            if (turn.CompareTo(bestTurn) < 0)
            {
                (best, bestTurn) = (tenant, turn);
            }
        }
        var next = _waiting[best!].Dequeue();
        if (_waiting[best!].Count == 0)
        {
            _waiting.Remove(best!);
        }
        _turns.Leave(best!, served: true);
        _count--;
        return next;
    }

    private void TakePlace(IAdmitted run)
    {
        run.HoldsPlace = true;
        _active++;
    }
}
