using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Store;
using AgentGrid.GrainInterfaces.Dispatch;
using AgentGrid.Grains.Nodes;

namespace AgentGrid.Grains.Dispatch;

/// <summary>
/// The places of the runs that are driven at once, over the whole cluster. Which runs hold one is known from the run
/// log; those that wait ask again and again.
/// </summary>
internal sealed class QueuedRuns(Node node)
{
    private static readonly TimeSpan Forgets = TimeSpan.FromSeconds(15);

    private readonly RunQueue _admission = new(node.Options.MaxActiveRuns);
    private readonly Dictionary<string, QueuedRun> _byRun = new(StringComparer.Ordinal);

    // Runs that want no place, whatever the run log says of them: nobody can drive one that is damaged.
    private readonly HashSet<string> _left = new(StringComparer.Ordinal);

    /// <summary>Gives those their place back that had begun.</summary>
    public void Restore(IReadOnlyList<StoredRun> active)
    {
        foreach (var run in active.Where(r => IsDriven(r) && !_byRun.ContainsKey(r.Id.Value)
            && !_left.Contains(r.Id.Value)))
        {
            var holder = new QueuedRun(run.Id.Value, run.Head.Priority, run.Head.Tenant, _admission, node)
            {
                IsConfirmed = true,
            };
            _byRun.Add(holder.RunId, holder);
            _admission.Reenter(holder);
        }
    }

    /// <summary>Compares who holds a place with what the run log says.</summary>
    public void Check(IReadOnlyList<StoredRun> active)
    {
        var running = active.Where(IsDriven).Select(r => r.Id.Value)
            .ToHashSet(StringComparer.Ordinal);
        foreach (var holder in _byRun.Values.Where(h => h.HoldsPlace).ToArray())
        {
            if (running.Contains(holder.RunId))
            {
                holder.IsConfirmed = true;
            }
            else if (holder.IsConfirmed || node.Time.GetElapsedTime(holder.StartedAt) > Forgets)
            {
                Leave(holder.RunId);
            }
        }
        _left.IntersectWith(running);
        Restore(active);
    }

    public async Task<bool> EnterAsync(PlaceRequest request)
    {
        if (!_byRun.TryGetValue(request.RunId, out var holder))
        {
            _left.Remove(request.RunId);
            holder = new QueuedRun(request.RunId, request.Priority, request.Tenant, _admission, node);
            _byRun.Add(holder.RunId, holder);
            _admission.Enter(holder);
        }
        return await holder.StartedAsync();
    }

    public void Leave(string runId)
    {
        _left.Add(runId);
        Forget(runId);
    }

    /// <summary>Forgets those that wait and that nobody asks for any more.</summary>
    public void Tidy()
    {
        foreach (var holder in _byRun.Values
            .Where(h => !h.HoldsPlace && h.Asking == 0 && node.Time.GetElapsedTime(h.AskedAt) > Forgets).ToArray())
        {
            Forget(holder.RunId);
        }
    }

    // One that does nothing but wait for a signal is in nobody's way.
    private static bool IsDriven(StoredRun run) => run.Summary is { Status: RunStatus.Running, OnlyWaits: false };

    private void Forget(string runId)
    {
        if (_byRun.Remove(runId, out var holder))
        {
            _admission.Leave(holder);
        }
    }
}
