using AgentGrid.Core.Config;
using AgentGrid.Core.Routing;

namespace AgentGrid.Runtime.Slots;

/// <summary>One agent's slots and its waiters. Guarded by the table's lock.</summary>
public sealed class AgentSlots(AgentConfig config, QueueSlots queue)
{
    // Withdrawn requests stay in the heap until they come up: taking one out of its middle would be a search.
    private readonly Dictionary<string, PriorityQueue<SlotRequest, SlotRequest>> _waiters = new(StringComparer.Ordinal);
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
            SlotRequest? best = null;
            foreach (var tenant in _waiters.Keys)
            {
                if (HeadOf(tenant) is { } head && (best is null || Queue.IsBefore(head, best)))
                {
                    best = head;
                }
            }
            return best;
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
        if (!_waiters.TryGetValue(request.Tenant, out var requests))
        {
            _waiters.Add(request.Tenant, requests = new(SlotRequest.ByUrgency));
        }
        requests.Enqueue(request, request);
        Waiting++;
        Queue.Waiting++;
        Queue.Turns.Join(request.Tenant);
    }

    /// <summary>A request does not wait any more.</summary>
    public void Left(SlotRequest request, bool served)
    {
        Waiting--;
        Queue.Waiting--;
        Queue.Turns.Leave(request.Tenant, served);
    }

    public SlotRequest GrantHead()
    {
        var head = Head!;
        _waiters[head.Tenant].Dequeue();
        head.Status = SlotRequestStatus.Granted;
        Left(head, served: true);
        Take();
        return head;
    }

    public IEnumerable<SlotRequest> TakeAllWaiting()
    {
        while (Head is { } head)
        {
            _waiters[head.Tenant].Dequeue();
            head.Status = SlotRequestStatus.Withdrawn;
            Left(head, served: false);
            yield return head;
        }
    }

    public void MoveTo(QueueSlots queue)
    {
        foreach (var (request, _) in _waiters.Values.SelectMany(w => w.UnorderedItems)
            .Where(w => w.Element.Status == SlotRequestStatus.Waiting))
        {
            Queue.Turns.Leave(request.Tenant, served: false);
            queue.Turns.Join(request.Tenant);
        }
        Queue.Agents.Remove(this);
        Queue.InUse -= _inUse;
        Queue.Waiting -= Waiting;
        Queue = queue;
        queue.Agents.Add(this);
        queue.InUse += _inUse;
        queue.Waiting += Waiting;
    }

    private SlotRequest? HeadOf(string tenant)
    {
        var requests = _waiters[tenant];
        while (requests.TryPeek(out var head, out _))
        {
            if (head.Status == SlotRequestStatus.Waiting)
            {
                return head;
            }
            requests.Dequeue();
        }
        _waiters.Remove(tenant);
        return null;
    }
}

/// <summary>A class of hardware. Guarded by the table's lock.</summary>
public sealed class QueueSlots
{
    public List<AgentSlots> Agents { get; } = [];

    /// <summary>Null for no limit of its own.</summary>
    public int? Slots { get; set; }
    public int InUse { get; set; }
    public int Waiting { get; set; }
    public int Free => (Slots ?? int.MaxValue) - InUse;

    /// <summary>Whose turn it is among those that wait for any of its agents.</summary>
    public TenantTurns Turns { get; } = new();

    public bool IsBefore(SlotRequest a, SlotRequest b) =>
        a.Priority != b.Priority || a.Tenant == b.Tenant
            ? SlotRequest.ByUrgency.Compare(a, b) < 0
            : Turns.Of(a.Tenant) < Turns.Of(b.Tenant);
}
