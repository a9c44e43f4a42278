using AgentGrid.Engine.Dispatch;
using AgentGrid.GrainInterfaces.Agents;
using AgentGrid.Grains.Nodes;

namespace AgentGrid.Grains.Dispatch;

// What nodes say, and who has fallen silent.
internal sealed partial class DispatcherGrain
{
    // What has come of itself: somebody is gone, or nobody asks any more. Every node reports twice a second, so that this
    // needs no clock of its own.
    private void LookAround()
    {
        FollowConfig();
        foreach (var gone in _nodes.RemoveDead())
        {
            LogNodeGone(logger, gone);
            _grants.RemoveNode(gone);
        }
        foreach (var silent in _nodes.MarkSilent())
        {
            Slots.PutNode(silent);
        }
        _grants.EndIsolations();
        _grants.ForgetCalls();
        foreach (var waiter in _waiters.Forgotten())
        {
            Withdraw(waiter);
        }
        _places.Tidy();
        if (_placesCheck.IsCompleted && node.Time.GetElapsedTime(_placesCheckedAt) > PlacesInterval)
        {
            // The report does not wait for Redis.
            _placesCheck = CheckPlacesAsync();
        }
    }

    private void Take(NodeReport report)
    {
        if (!_nodes.Take(report, out var replaced))
        {
            return;
        }
        if (replaced)
        {
            _grants.RemoveNode(report.Node);
        }
        // What runs there already is counted before more is granted there. Whoever still waits for it asks again, and
        // is told that it is granted.
        var isNew = report.Held.Any(h => _grants.Find(h.Slot) is null);
        foreach (var waiter in report.Held.Select(h => _waiters.Find(h.Slot)).OfType<SlotWaiter>())
        {
            Withdraw(waiter);
        }
        var state = ClusterNodes.StateOf(report);
        Slots.PutNode(isNew ? state with { Draining = true } : state);
        _grants.Reconcile(report.Node, report.Held.Select(static h => new ReportedSlot(h.Slot, h.Agent, h.Gpu, h.Isolation?.ToIsolation())));
        if (isNew)
        {
            Slots.PutNode(state);
        }
    }

    // Of nodes that answer at once; one that does not will report by itself, if it is alive.
    private async Task<IReadOnlyList<T>> AskNodesAsync<T>(Func<INodeGrain, Task<T>> ask)
    {
        var asked = silos.GetActiveSilos().Select(s => silos.TryGetSiloName(s, out var name) ? name : null)
            .OfType<string>().Select(name => AskAsync(GrainFactory.GetGrain<INodeGrain>(name), ask)).ToArray();
        return [.. (await Task.WhenAll(asked)).OfType<T>()];
    }

    private async Task<T?> AskAsync<T>(INodeGrain other, Func<INodeGrain, Task<T>> ask)
    {
        try
        {
            return await ask(other).WaitAsync(node.Options.Times.LongestDescription, node.Time);
        }
        catch (Exception e) when (Transient.Is(e))
        {
            LogNoAnswer(logger, e, other.GetPrimaryKeyString());
            return default;
        }
    }
}
