using AgentGrid.Core.Routing;
using AgentGrid.Engine.Slots;

namespace AgentGrid.Grains.Dispatch;

/// <summary>Where the dispatcher's slots can be looked at while it is on this silo.</summary>
internal sealed class LocalDispatcher
{
    private volatile SlotTable? _slots;

    /// <summary>The dispatcher's slots, which can be asked by any thread; null while the dispatcher is elsewhere.</summary>
    public SlotTable? Slots => _slots;

    /// <summary>Every agent's load; nothing while the dispatcher is elsewhere.</summary>
    public IEnumerable<AgentLoad> Loads() => _slots is { } slots ? slots.All() : [];

    public void Take(SlotTable slots) => _slots = slots;

    public void Leave(SlotTable slots) => Interlocked.CompareExchange(ref _slots, null, slots);
}
