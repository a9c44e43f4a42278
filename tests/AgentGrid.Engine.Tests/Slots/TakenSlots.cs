using AgentGrid.Engine.Slots;

namespace AgentGrid.Engine.Tests.Slots;

/// <summary>The slots that a test has taken from a table, so that it can give them back by name.</summary>
internal sealed class TakenSlots(SlotTable table)
{
    private readonly List<TakenSlot> _slots = [];

    public TakenSlot? TryTake(string agent, string? near = null)
    {
        if (table.TryTake(agent, near) is not { } slot)
        {
            return null;
        }
        _slots.Add(slot);
        return slot;
    }

    public TakenSlot Adopt(string agent, string node, int? gpu = null)
    {
        var slot = table.Adopt(agent, node, gpu);
        _slots.Add(slot);
        return slot;
    }

    public void Add(TakenSlot slot) => _slots.Add(slot);

    /// <summary>Gives back the first that was taken of an agent.</summary>
    /// <param name="node">Null for any.</param>
    /// <param name="gpu">Null for any.</param>
    public TakenSlot Release(string agent, string? node = null, int? gpu = null)
    {
        var slot = _slots.First(
            s => s.Agent.Config.Name == agent && (node ?? s.Node) == s.Node && (gpu ?? s.Gpu) == s.Gpu);
        _slots.Remove(slot);
        table.Release(slot);
        return slot;
    }
}
