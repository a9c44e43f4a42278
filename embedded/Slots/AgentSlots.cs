using AgentGrid.Core.Config;
using AgentGrid.Core.Routing;

namespace AgentGrid.Embedded.Slots;

/// <summary>One agent's slots and its waiters. Guarded by the table's lock.</summary>
internal sealed class AgentSlots(AgentConfig config, QueueSlots queue)
{
    // Withdrawn requests stay in the heap until they come up: taking one out of its middle would be a search.
    private readonly PriorityQueue<SlotRequest, SlotRequest> _waiters = new(SlotRequest.ByUrgency);
    private int _inUse;

    public AgentConfig Config { get; set; } = config;
    public QueueSlots Queue { get; private set; } = queue;
    public int Waiting { get; private set; }
    public bool Drained { get; set; }
    public int Free => Drained ? 0 : Math.Min(Config.MaxConcurrency - _inUse, Queue.Free);
    public AgentLoad Load => new(Config, _inUse, Waiting, Math.Max(0, Free), Drained);

    /// <summary>The most urgent waiter; null when nobody waits.</summary>
    public SlotRequest? Head
    {
        get
        {
            while (_waiters.TryPeek(out var head, out _))
            {
                if (head.Status == SlotRequestStatus.Waiting)
                {
                    return head;
                }
                _waiters.Dequeue();
            }
            return null;
        }
    }

    public void Take()
    {
        _inUse++;
        Queue.InUse++;
    }

    public void Release()
    {
        _inUse--;
        Queue.InUse--;
    }

    public void Enqueue(SlotRequest request)
    {
        _waiters.Enqueue(request, request);
        Waiting++;
        Queue.Waiting++;
    }

    public void Withdrawn()
    {
        Waiting--;
        Queue.Waiting--;
    }

    public SlotRequest GrantHead()
    {
        var head = Head!;
        _waiters.Dequeue();
        head.Status = SlotRequestStatus.Granted;
        Withdrawn();
        Take();
        return head;
    }

    public IEnumerable<SlotRequest> TakeAllWaiting()
    {
        while (Head is { } head)
        {
            _waiters.Dequeue();
            head.Status = SlotRequestStatus.Withdrawn;
            Withdrawn();
            yield return head;
        }
    }

    public void MoveTo(QueueSlots queue)
    {
        Queue.Agents.Remove(this);
        Queue.InUse -= _inUse;
        Queue.Waiting -= Waiting;
        Queue = queue;
        queue.Agents.Add(this);
        queue.InUse += _inUse;
        queue.Waiting += Waiting;
    }
}

/// <summary>A class of hardware. Guarded by the table's lock.</summary>
internal sealed class QueueSlots
{
    public List<AgentSlots> Agents { get; } = [];

    /// <summary>Null for no limit of its own.</summary>
    public int? Slots { get; set; }
    public int InUse { get; set; }
    public int Waiting { get; set; }
    public int Free => (Slots ?? int.MaxValue) - InUse;
}
