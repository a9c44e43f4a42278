using AgentGrid.Core;
using AgentGrid.Core.Plans;
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
/// <param name="yield">Has a run of a match cancelled, because another takes its place.</param>
internal sealed class QueuedRuns(Node node, Action<string, RunId, GroupPlace> yield)
{
    private static readonly TimeSpan Forgets = TimeSpan.FromSeconds(15);

    private readonly RunQueue _admission = new(node.Options.MaxActiveRuns);
    private readonly Dictionary<string, QueuedRun> _byRun = new(StringComparer.Ordinal);

    // Runs that want no place, whatever the run log says of them: nobody can drive one that is damaged.
    private readonly HashSet<string> _left = new(StringComparer.Ordinal);

    /// <summary>The turns of those that were started, count in a group, and that the run log may not have as running yet.</summary>
    public IEnumerable<string> OnTheirWay => _byRun.Values.Where(static h => h is { IsConfirmed: false, CountsInGroup: true })
        .Select(static h => h.Turn);

    /// <summary>Gives those their place back that had begun.</summary>
    /// <param name="onTheirWay">The turns of those that were told to, and may have.</param>
    public void Restore(IReadOnlyList<StoredRun> active, IReadOnlySet<string>? onTheirWay = null)
    {
        foreach (var run in active.Where(r => !_byRun.ContainsKey(r.Id.Value) && !_left.Contains(r.Id.Value)))
        {
            var id = run.Id.Value;
            var group = GroupPlace.Of(run.Summary);
            var isRunning = run.Summary.Status == RunStatus.Running;
            if (IsDriven(run) || (group is not null && (isRunning || onTheirWay?.Contains(QueuedRun.TurnOf(id, group.Since)) == true)))
            {
                var holder = Add(id, run.Head.Priority, run.Head.Tenant, group, run.Head.MatchId);
                holder.IsConfirmed = isRunning;
                if (isRunning && run.Summary.OnlyWaits)
                {
                    _admission.StepAside(holder);
                }
                else
                {
                    _admission.Reenter(holder);
                }
            }
        }
    }

    /// <summary>Compares who holds a place with what the run log says.</summary>
    /// <param name="readAt">When it began to be read.</param>
    public void Check(IReadOnlyList<StoredRun> active, long readAt)
    {
        var known = active.ToDictionary(static r => r.Id.Value, StringComparer.Ordinal);
        foreach (var holder in _byRun.Values.Where(static h => h.HoldsPlace || h.CountsInGroup).ToArray())
        {
            var run = known.GetValueOrDefault(holder.RunId);
            if (holder.Group is not null)
            {
                CheckCounted(holder, run, readAt);
            }
            else if (run is not null && IsDriven(run))
            {
                holder.IsConfirmed = true;
            }
            else if (holder.IsConfirmed || node.Time.GetElapsedTime(holder.StartedAt) > Forgets)
            {
                Leave(holder.RunId);
            }
        }
        _left.IntersectWith(known.Values.Where(static r => IsDriven(r) || r.Summary is { Status: RunStatus.Running, Group: not null })
            .Select(static r => r.Id.Value));
        Restore(active);
    }

    /// <returns>Null when it is counted; else the id of a run that is in its way.</returns>
    public string? Reserve(PlaceRequest request)
    {
        if (_byRun.ContainsKey(request.RunId))
        {
            return null; // others accept the same child, or have
        }
        var holder = Find(request);
        if (_admission.Reserve(holder) is not { } other)
        {
            return null;
        }
        _byRun.Remove(holder.RunId);
        return other.Run.Value;
    }

    public async Task<bool> EnterAsync(PlaceRequest request)
    {
        if (IsLate(request))
        {
            return true; // its turn comes too late for the run log, and so it learns of the retry
        }
        var holder = Find(request);
        if (!holder.HoldsPlace)
        {
            // Again, so that those whose place it takes are told again.
            _admission.Enter(holder);
        }
        return await holder.StartedAsync();
    }

    public void StepAside(string runId)
    {
        if (_byRun.TryGetValue(runId, out var holder) && holder.CountsInGroup)
        {
            _admission.StepAside(holder);
        }
    }

    /// <param name="since">Of a run that is counted in a group: when it had begun to wait.</param>
    public void Leave(string runId, DateTimeOffset? since = null)
    {
        if (since is not null && _byRun.GetValueOrDefault(runId)?.Group is { } group && group.Since != since)
        {
            return; // it has been retried since
        }
        _left.Add(runId);
        Forget(runId);
    }

    /// <summary>Forgets those that wait and that nobody asks for any more.</summary>
    public void Tidy()
    {
        foreach (var holder in _byRun.Values.Where(h => h is { HoldsPlace: false, CountsInGroup: false, Asking: 0 }
            && node.Time.GetElapsedTime(h.AskedAt) > Forgets).ToArray())
        {
            Forget(holder.RunId);
        }
    }

    // One that does nothing but wait for a signal is in nobody's way.
    private static bool IsDriven(StoredRun run) => run.Summary is { Status: RunStatus.Running, OnlyWaits: false };

    // It counts until it has ended: one that was told to start may do so at any time, however long ago that was.
    private void CheckCounted(QueuedRun holder, StoredRun? run, long readAt)
    {
        if (run is null)
        {
            if (holder.IsConfirmed || holder.StartedAt < readAt)
            {
                Leave(holder.RunId);
            }
        }
        else if (run.Summary.Status == RunStatus.Running && GroupPlace.Of(run.Summary)?.Since == holder.Group!.Since)
        {
            // Not one that was read before it was retried.
            holder.IsConfirmed = true;
            if (run.Summary.OnlyWaits && holder.HoldsPlace)
            {
                _admission.StepAside(holder);
            }
        }
    }

    // It was asked by somebody who does not know of a retry that is known here.
    private bool IsLate(PlaceRequest request) =>
        _byRun.GetValueOrDefault(request.RunId)?.Group is { } known && request.Group?.Since < known.Since;

    private QueuedRun Find(PlaceRequest request)
    {
        if (_byRun.TryGetValue(request.RunId, out var holder) && holder.Group?.Since == request.Group?.Since)
        {
            return holder;
        }
        // It was retried, and that it had ended before was not heard.
        Forget(request.RunId);
        _left.Remove(request.RunId);
        return Add(
            request.RunId, request.Priority, request.Tenant, request.Group is not { } group ? null : new GroupPlace(
                RunId.Parse(request.RunId), group.Name, group.Max, (ConcurrencyPolicy)group.Policy, group.Since),
            request.Group?.MatchId);
    }

    private QueuedRun Add(string runId, int priority, string? tenant, GroupPlace? group, string? match)
    {
        var holder = new QueuedRun(
            runId, priority, tenant, group, _admission, node, other => yield(match!, RunId.Parse(runId), other));
        _byRun.Add(runId, holder);
        return holder;
    }

    private void Forget(string runId)
    {
        if (_byRun.Remove(runId, out var holder))
        {
            _admission.Leave(holder);
        }
    }
}
