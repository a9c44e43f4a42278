using AgentGrid.Core.Placement;

namespace AgentGrid.Engine.Slots;

// Where there are many nodes, nothing here looks at each of them: an agent keeps those in order where it is known, which
// are those where it runs or is loaded; to all others it is a stranger like any agent, and its queue keeps them.
internal sealed partial class AgentSlots
{
    private NodeTree? _own;
    private bool[] _known = [];
    private int _knownNodes;
    private bool _knowsAll;

    /// <summary>A node where the agent is known has changed.</summary>
    public void Touch(SlotNode node) => _own?.Touch(node);

    /// <summary>A node is gone.</summary>
    public void Forget(SlotNode node)
    {
        _own?.Remove(node);
        _known[node.Index] = false;
        _knownNodes--;
    }

    /// <summary>Finds out whether the agent is known on a node, after that may have changed.</summary>
    public void Know(SlotNode node)
    {
        if (_own is null || node.Index >= _own.Capacity)
        {
            return;
        }
        var knows = IsKnownOn(node);
        if (knows != _known[node.Index])
        {
            _known[node.Index] = knows;
            if (knows)
            {
                _knownNodes++;
                node.Known.Add(this);
            }
            else
            {
                _knownNodes--;
                node.Known.Remove(this);
                _own.Remove(node);
            }
        }
        if (knows)
        {
            _own.Touch(node);
        }
    }

    private bool ByMemory => Config.Resources.GpuMemoryBytes > 0;

    private NodeTree Own
    {
        get
        {
            // Where an agent has no code on some nodes of its queue, or is known on most, it would pass them over time and again.
            var isOftenKnown = _knownNodes > _fitCounts[(int)NodeFit.Fits] / 2;
            if (_own is not null && _own.Capacity >= _nodes.Indices && (_knowsAll || !isOftenKnown))
            {
                return _own;
            }
            _knowsAll = _fitCounts[(int)NodeFit.NoCode] > 0 || isOftenKnown;
            _knownNodes = 0;
            _own = new NodeTree(_nodes.Indices, ByMemory, RankOf);
            Array.Resize(ref _known, _own.Capacity);
            Array.Clear(_known);
            foreach (var node in _nodes.All)
            {
                node.Known.Remove(this);
                Know(node);
            }
            return _own;
        }
    }

    private bool IsKnownOn(SlotNode node) =>
        _inUse[node.Index] > 0 || (_knowsAll && _fits[node.Index] == NodeFit.Fits) || node.IsWarm(Config.Name);

    private bool HasRoomOfMany =>
        Own.HasRoom(0, except: null) || Strangers?.HasRoom(Config.Resources.GpuMemoryBytes, _known) == true;

    // To be asked for after the agent's own: on nodes that it does not know then, it cannot run.
    private NodeTree? Strangers => _knowsAll ? null : Queue.Strangers(_nodes, ByMemory);

    private PlacementDecision? BestOfMany(string? near)
    {
        var own = Own;
        var found = _nodes.Search.Best(
            Placer.MostCandidates, own, Strangers, Config.Resources.GpuMemoryBytes, _known);
        if (near is not null && _nodes.Find(near) is { } there && FreeOn(there) > 0 && !found.Contains(there))
        {
            found.Add(there);
        }
        if (found.Count == 0)
        {
            return null;
        }
        var loads = new NodeLoad[found.Count];
        for (var i = 0; i < loads.Length; i++)
        {
            loads[i] = LoadOn(found[i], near, isolation: null, FreeOn(found[i]));
        }
        return Placer.Best(loads, Config, prefer: null, _nodes.All.Length - loads.Length);
    }

    private NodeRank RankOf(SlotNode node)
    {
        var free = RoomOn(node);
        if (free <= 0)
        {
            return NodeRank.None;
        }
        var load = LoadOn(node, near: null, isolation: null, free);
        return new NodeRank(Placer.Score(load), load.FreeGpuMemoryBytes ?? -1, Room: 0);
    }
}
