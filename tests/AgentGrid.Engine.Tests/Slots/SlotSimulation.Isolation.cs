using AgentGrid.Core.Runs;
using AgentGrid.Engine.Slots;

namespace AgentGrid.Engine.Tests.Slots;

// Attempts that are kept apart from others of which the same is asked.
internal sealed partial class SlotSimulation
{
    // One that has run long enough, or that was never kept apart, or has ended.
    private void Clear()
    {
        var slot = _givenBack.Count > 0 && _random.Next(4) == 0 ? Any(_givenBack) : _held.Count > 0 ? Any(_held).Slot : Any(_givenBack);
        Note($"a slot of {slot.AgentName} on {slot.Node} is kept apart no longer");
        var index = _held.FindIndex(h => h.Slot == slot && h.Isolation is not null);
        Count(index < 0 ? "kept apart no longer, which it was not" : "kept apart no longer");
        if (index >= 0)
        {
            _held[index] = _held[index] with { Isolation = null };
        }
        _table.Clear(slot);
    }

    // Of those that are kept apart no more run on a node than each of them says.
    private bool IsApart(NodeState node, Isolation? isolation)
    {
        if (isolation is not { } one)
        {
            return true;
        }
        var beside = _held.Where(h => h.Node == node.Name && h.Isolation is not null).Select(h => h.Isolation!.Value.Company).ToList();
        return beside.Append(one.Company).All(company => company > beside.Count);
    }

    private Isolation? AnyIsolation() =>
        _random.Next(3) > 0 ? null : new Isolation(_random.Next(2) == 0 ? 1 : 2, TimeSpan.FromSeconds(10));
}
