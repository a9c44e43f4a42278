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
        Gpus.Put(state.Gpus);
    }

    public int Index { get; }
    public string Name { get; }
    public NodeState State { get; private set; }
    public GpuLeases Gpus { get; } = new();

    /// <summary>The slots that are taken here. One that is not among them is held no longer, whoever has it.</summary>
    public HashSet<TakenSlot> Taken { get; } = [];

    /// <summary>Those among them that are kept apart.</summary>
    public HashSet<TakenSlot> Apart { get; } = [];

    /// <summary>The agents that keep it among the nodes where they are known.</summary>
    public List<AgentSlots> Known { get; } = [];

    /// <summary>The placement of whatever occupies no GPU memory, when there is no other node.</summary>
    public PlacementDecision Only { get; }

    /// <summary>Whether an attempt may run beside those that are kept apart, and they beside it.</summary>
    public bool Admits(Isolation? isolation) =>
        isolation is not { } apart || (Apart.Count < apart.Company && Apart.All(s => Apart.Count < s.Isolation!.Value.Company));

    /// <summary>Whether an agent is loaded here.</summary>
    public bool IsWarm(string agent)
    {
        if (!State.WarmAgents.IsDefault && State.WarmAgents.Contains(agent))
        {
            return true;
        }
        foreach (var gpu in State.Gpus ?? [])
        {
            if (gpu.WarmAgents.Contains(agent))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>The agents that are loaded here; some can be named more than once.</summary>
    public IEnumerable<string> WarmAgents() =>
        (State.WarmAgents.IsDefault ? [] : State.WarmAgents.AsEnumerable()).Concat((State.Gpus ?? []).SelectMany(static g => g.WarmAgents));

    /// <summary>What it says of itself now, in place of what it said before.</summary>
    public void Put(NodeState state)
    {
        State = state;
        Gpus.Put(state.Gpus);
    }
}
