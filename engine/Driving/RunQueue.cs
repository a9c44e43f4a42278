using AgentGrid.Engine.Admission;

namespace AgentGrid.Engine.Driving;

/// <summary>
/// Lets a bounded number of runs be driven at once; the others wait: by priority, then tenant by tenant in turn, then in
/// their order. A run that others of its group are in the way of waits too, and keeps nobody else waiting. A run is in here
/// once at most, with a place or in the queue, however often it is said to enter or to leave.
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
    private readonly RunGroups<IQueuedRun> _groups = new();
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

    /// <summary>How many runs are counted in groups, those that wait included.</summary>
    public int Counted
    {
        get
        {
            lock (_gate)
            {
                return _groups.Count;
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

    /// <summary>Whether the run has been started, and counts in its group; false for one that is in none.</summary>
    public bool CountsInGroup(IQueuedRun run)
    {
        lock (_gate)
        {
            return _groups.HasStarted(run);
        }
    }

    /// <summary>
    /// Starts the run when there is a place and nobody in its way, or else when that comes; again, when it has one. Whose
    /// place it takes is told so, each time.
    /// </summary>
    public void Enter(IQueuedRun run)
    {
        IReadOnlyList<IQueuedRun> replaced;
        GroupPlace? replacing;
        bool starts;
        lock (_gate)
        {
            _groups.Wait(run, run.Group);
            (replaced, replacing) = (_groups.Replaced(run), _groups.Replacing(run));
            starts = _active.Contains(run);
            if (!starts && !_closed && _active.Count < maxActive && _groups.MayStart(run))
            {
                TakePlace(run);
                starts = true;
            }
            else if (!starts)
            {
                Enqueue(run);
            }
        }
        if (run.Group is { } place)
        {
            foreach (var other in replaced)
            {
                other.YieldTo(place);
            }
        }
        if (replacing is not null)
        {
            run.YieldTo(replacing);
        }
        if (starts)
        {
            run.Start();
        }
    }

    /// <summary>Counts a run in its group before it is accepted, where its group has room; it must enter then, or leave.</summary>
    /// <returns>Null when it has; else a run that is in its way.</returns>
    public GroupPlace? Reserve(IQueuedRun run)
    {
        lock (_gate)
        {
            if (run.Group is { } place && _groups.InTheWay(place) is { } other)
            {
                return other.Group;
            }
            _groups.Wait(run, run.Group);
            return null;
        }
    }

    /// <summary>Gives a run that was started before, and has no place now, its place back, even past the limit.</summary>
    public void Reenter(IQueuedRun run)
    {
        lock (_gate)
        {
            TakePlace(run);
        }
    }

    /// <summary>The run does nothing but wait: its place goes to the next, and in its group it counts on.</summary>
    public void StepAside(IQueuedRun run)
    {
        List<IQueuedRun> next;
        lock (_gate)
        {
            _groups.Start(run, run.Group);
            Dequeue(run, served: false);
            next = _active.Remove(run) ? Serve() : [];
        }
        next.ForEach(static r => r.Start());
    }

    /// <summary>The run wants no place any more: what it has goes to the next, and it waits for none.</summary>
    public void Leave(IQueuedRun run)
    {
        List<IQueuedRun> next;
        lock (_gate)
        {
            Dequeue(run, served: false);
            next = _active.Remove(run) | _groups.Leave(run) ? Serve() : [];
        }
        next.ForEach(static r => r.Start());
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

    void IRunQueue.StepAside(RunDriver run) => StepAside(run);

    void IRunQueue.Leave(RunDriver run) => Leave(run);

    void IRunQueue.Reserve(RunDriver run, Action<AdmitOutcome?> reserved) =>
        reserved(Reserve(run) is { } other ? new AdmitOutcome.InTheWay(other.Run) : null);

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
        _groups.Start(run, run.Group);
        Dequeue(run, served: true);
        _active.Add(run);
    }

    // Gives what is free to those whose turn it is.
    private List<IQueuedRun> Serve()
    {
        List<IQueuedRun> served = [];
        while (!_closed && _active.Count < maxActive && _waiting.Count > 0 && Next() is { } next)
        {
            TakePlace(next);
            served.Add(next);
        }
        return served;
    }

    private IQueuedRun? Next() => _byTenant.Values.Select(line => line.FirstOrDefault(w => _groups.MayStart(w.Run)))
        .OfType<Waiter>().MinBy(w => (-w.Priority, _turns.Of(w.Tenant)))?.Run;

    private sealed record Waiter(IQueuedRun Run, string Tenant, int Priority, long Order);
}
