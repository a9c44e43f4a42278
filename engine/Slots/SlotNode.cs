using AgentGrid.Core.Placement;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Slots;

/// <summary>One node. Guarded by the table's lock.</summary>
internal sealed class SlotNode
{
    /// <param name="index">Where agents and queues count what they do there.</param>
    public SlotNode(int index, NodeState state)
    {
        Index = index;
        Name = state.Name;
        Only = new PlacementDecision(state.Name, "the only node", []);
        State = state;
        Put(state);
    }

    public int Index { get; }
    public string Name { get; }
    public NodeState State { get; private set; }
    public GpuLeases Gpus { get; } = new();

    /// <summary>The slots that are taken here. One that is not among them is held no longer, whoever has it.</summary>
    public HashSet<TakenSlot> Taken { get; } = [];

    /// <summary>Those among them that are kept apart.</summary>
    public HashSet<TakenSlot> Apart { get; } = [];

    /// <summary>The placement of whatever occupies no GPU memory, when there is no other node.</summary>
    public PlacementDecision Only { get; }

    /// <summary>Whether an attempt may run beside those that are kept apart, and they beside it.</summary>
    public bool Admits(Isolation? isolation) =>
        isolation is not { } apart || (Apart.Count < apart.Company && Apart.All(s => Apart.Count < s.Isolation!.Value.Company));

    public void Put(NodeState state)
    {
        State = state;
        Gpus.Put(state.Gpus);
    }
}
