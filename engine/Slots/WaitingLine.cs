namespace AgentGrid.Engine.Slots;

/// <summary>Requests of one agent that wait for the same turn, by urgency. Guarded by the table's lock.</summary>
internal sealed class WaitingLine
{
    private readonly SortedSet<SlotRequest> _requests = new(SlotRequest.ByUrgency);

    /// <summary>The most urgent. Everybody who looks for somebody to serve looks at it.</summary>
    public SlotRequest Head { get; private set; } = null!;

    public int Count => _requests.Count;

    /// <summary>In their order.</summary>
    public IEnumerable<SlotRequest> All => _requests;

    public void Add(SlotRequest request)
    {
        _requests.Add(request);
        if (Head is null || SlotRequest.ByUrgency.Compare(request, Head) < 0)
        {
            Head = request;
        }
    }

    public void Remove(SlotRequest request)
    {
        _requests.Remove(request);
        if (Head == request)
        {
            Head = _requests.Min!;
        }
    }
}
