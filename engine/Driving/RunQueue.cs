using AgentGrid.Engine.Admission;

namespace AgentGrid.Engine.Driving;

/// <summary>
/// Lets a bounded number of runs be driven at once; the others wait: by priority, then tenant by tenant in turn, then in
/// their order. A run is in here once at most, with a place or in the queue, however often it is said to enter or to
/// leave.
/// </summary>
public sealed class RunQueue(int maxActive) : IRunQueue
{
    private static readonly Comparer<Waiter> s_inTurn = Comparer<Waiter>.Create(static (a, b) =>
        a.Priority != b.Priority ? b.Priority.CompareTo(a.Priority) : a.Order.CompareTo(b.Order));

    private readonly Lock _gate = new();
    private readonly HashSet<IQueuedRun> _active = [];
    private readonly Dictionary<IQueuedRun, Waiter> _waiting = [];
    private readonly Dictionary<string, SortedSet<Waiter>> _byTenant = new(StringComparer.Ordinal);
    private readonly FairQueue<string> _turns = new();
    private long _order;
    private bool _closed;

    /// <summary>How many runs hold a place.</summary>
    public int Active
    {
        get
        {
            lock (_gate)
            {
                return _active.Count;
            }
        }
    }

    /// <summary>How many runs wait for one.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Whether the run has a place.</summary>
    public bool Holds(IQueuedRun run)
    {
        lock (_gate)
        {
            return _active.Contains(run);
        }
    }

    /// <summary>Starts the run when there is a place, or else when one becomes free; again, when it has one.</summary>
    public void Enter(IQueuedRun run)
    {
        lock (_gate)
        {
            if (!_active.Contains(run))
            {
                if (_closed || _active.Count >= maxActive)
                {
                    Enqueue(run);
                    return;
                }
                TakePlace(run);
            }
        }
        run.Start();
    }

    /// <summary>Gives a run that was started before, and has no place now, its place back, even past the limit.</summary>
    public void Reenter(IQueuedRun run)
    {
        lock (_gate)
        {
            TakePlace(run);
        }
    }

    /// <summary>The run wants no place any more: what it has goes to the next, and it waits for none.</summary>
    public void Leave(IQueuedRun run)
    {
        IQueuedRun? next = null;
        lock (_gate)
        {
            Dequeue(run, served: false);
            if (!_active.Remove(run))
            {
                return;
            }
            if (!_closed && _active.Count < maxActive && _waiting.Count > 0)
            {
                next = Next();
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

    void IRunQueue.Enter(RunDriver run) => Enter(run);

    void IRunQueue.Reenter(RunDriver run) => Reenter(run);

    void IRunQueue.Return(RunDriver run) => Reenter(run);

    void IRunQueue.Leave(RunDriver run) => Leave(run);

    private void Enqueue(IQueuedRun run)
    {
        var waiter = new Waiter(run, Tenant.Key(run.Tenant), run.Priority, _order++);
        if (!_waiting.TryAdd(run, waiter))
        {
            return;
        }
        if (!_byTenant.TryGetValue(waiter.Tenant, out var waiters))
        {
            _byTenant.Add(waiter.Tenant, waiters = new(s_inTurn));
        }
        waiters.Add(waiter);
        _turns.Join(waiter.Tenant);
    }

    private void Dequeue(IQueuedRun run, bool served)
    {
        if (!_waiting.Remove(run, out var waiter))
        {
            return;
        }
        var waiters = _byTenant[waiter.Tenant];
        waiters.Remove(waiter);
        if (waiters.Count == 0)
        {
            _byTenant.Remove(waiter.Tenant);
        }
        _turns.Leave(waiter.Tenant, served);
    }

    private void TakePlace(IQueuedRun run)
    {
        Dequeue(run, served: true);
        _active.Add(run);
    }

    private IQueuedRun Next() => _byTenant.Values.Select(static w => w.Min!)
        .MinBy(w => (-w.Priority, _turns.Of(w.Tenant)))!.Run;

    private sealed record Waiter(IQueuedRun Run, string Tenant, int Priority, long Order);
}
