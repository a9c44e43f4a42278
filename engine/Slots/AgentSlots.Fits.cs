using AgentGrid.Core;

namespace AgentGrid.Engine.Slots;

// Which nodes can run the agent, whatever their load.
internal sealed partial class AgentSlots
{
    /// <summary>Finds out which nodes can run the agent, after it has changed.</summary>
    public void Refresh()
    {
        Array.Clear(_fits);
        Array.Clear(_fitCounts);
        foreach (var node in _nodes.All)
        {
            Fit(node);
        }
        _own = null;
        _need = new GpuNeed(Config.Name, Config.Resources.GpuMemoryBytes, Config.Kind?.Settings?.SharesGpuMemory ?? false);
        OnNodesChanged();
    }

    /// <summary>Finds out whether a node can run the agent, after that has changed.</summary>
    public void Refresh(SlotNode node)
    {
        Fit(node);
        OnNodesChanged();
        if (!_knowsAll && _fits[node.Index] == NodeFit.NoCode)
        {
            _own = null;
        }
        Know(node);
    }

    /// <summary>A node is gone.</summary>
    public void Lose(SlotNode node)
    {
        _fitCounts[(int)_fits[node.Index]]--;
        _fits[node.Index] = NodeFit.NoNode;
        Failures.Forget(node);
        OnNodesChanged();
    }

    private void OnNodesChanged()
    {
        _note = NodeFits.Note(BestFit, Config);
        (_labels, _knowsLabels) = (null, false);
        Failures.OnNodesChanged(_nodes.Indices);
    }

    private IReadOnlyList<Labels>? NodeLabels
    {
        get
        {
            if (!_knowsLabels)
            {
                (_labels, _knowsLabels) = (LabelsOf(_nodes.All), true);
            }
            return _labels;
        }
    }

    private List<Labels>? LabelsOf(IEnumerable<SlotNode> nodes) =>
        nodes.Where(n => _fits[n.Index] == NodeFit.Fits && n.State.Labels is not null).Select(static n => n.State.Labels!).Distinct().ToList() is { Count: > 0 } all
            ? all : null;

    private NodeFit BestFit => (NodeFit)Math.Max(0, Array.FindLastIndex(_fitCounts, static c => c > 0));

    private void Fit(SlotNode node)
    {
        if (_inUse.Length < _nodes.Indices)
        {
            // One more at a time would be copied as often as there are nodes.
            var length = Math.Max(_nodes.Indices, 2 * _inUse.Length);
            Array.Resize(ref _inUse, length);
            Array.Resize(ref _fits, length);
        }
        if (_fits[node.Index] != NodeFit.NoNode)
        {
            _fitCounts[(int)_fits[node.Index]]--;
        }
        _fits[node.Index] = NodeFits.Of(Config, node.State);
        _fitCounts[(int)_fits[node.Index]]++;
    }
}
