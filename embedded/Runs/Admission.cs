using AgentGrid.Core.Runs;

namespace AgentGrid.Embedded.Runs;

/// <summary>Lets a bounded number of runs be driven at once; the others wait, by priority and then in their order.</summary>
internal sealed class Admission(int maxActive)
{
    private readonly Lock _gate = new();
    private readonly PriorityQueue<RunActor, (int Priority, long Order)> _waiting = new();
    private long _order;
    private int _active;
    private bool _closed;

    public int Active => Volatile.Read(ref _active);

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

    /// <summary>Starts the run when there is a place, or else when one becomes free.</summary>
    public void Enter(RunActor actor)
    {
        lock (_gate)
        {
            if (_closed || _active >= maxActive)
            {
                _waiting.Enqueue(actor, (-actor.Priority, _order++));
                return;
            }
            TakePlace(actor);
        }
        actor.Post(RunInput.StartRun.Instance);
    }

    /// <summary>Gives a run that was started before a restart its place back, even past the limit.</summary>
    public void Reenter(RunActor actor)
    {
        lock (_gate)
        {
            TakePlace(actor);
        }
    }

    /// <summary>The run has ended: its place goes to the next, if it had one.</summary>
    public void Leave(RunActor actor)
    {
        RunActor? next = null;
        lock (_gate)
        {
            if (!actor.HoldsPlace)
            {
                return;
            }
            actor.HoldsPlace = false;
            _active--;
            if (!_closed && _active < maxActive && _waiting.TryDequeue(out next, out _))
            {
                TakePlace(next);
            }
        }
        next?.Post(RunInput.StartRun.Instance);
    }

    /// <summary>From now on no run is started any more.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
        }
    }

    private void TakePlace(RunActor actor)
    {
        actor.HoldsPlace = true;
        _active++;
    }
}
