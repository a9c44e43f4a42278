using System.Collections.Concurrent;
using AgentGrid.Core;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Engine.Admission;
using AgentGrid.Engine.Store;

namespace AgentGrid.Embedded.Store;

/// <summary>A run, and where it is in the file.</summary>
internal sealed record KnownRun(RunRef Ref, StoredRun Kept);

/// <summary>The runs of a file that have not ended, as they are kept, and their places.</summary>
internal sealed class UnendedRuns(TimeProvider time)
{
    private readonly ConcurrentDictionary<RunId, KnownRun> _runs = new();
    private readonly AdmissionControl _places = new(int.MaxValue, time);

    /// <summary>Null when it has ended, or is not there.</summary>
    public KnownRun? Find(RunId run) => _runs.GetValueOrDefault(run);

    /// <summary>Takes a place for a run that is about to be accepted, or to go on.</summary>
    /// <returns>Null when it is taken; else why not.</returns>
    public AdmissionRefusal? TryEnter(string? tenant, int limit) => _places.TryEnter(tenant, limit);

    /// <summary>Gives back a place that was taken for a run which is not kept.</summary>
    public void Leave(string? tenant) => _places.Leave(tenant, ended: false);

    /// <summary>A run is kept as it is now: one that has ended gives back its place, and one that goes on has one.</summary>
    /// <param name="hasPlace">It was taken before, by <see cref="TryEnter"/>.</param>
    public void Keep(KnownRun run, bool hasPlace)
    {
        var (id, tenant) = (run.Ref.Id, run.Kept.Head.Tenant);
        if (run.Kept.Summary.Status.IsEnded())
        {
            if (_runs.TryRemove(id, out _))
            {
                _places.Leave(tenant, ended: true);
            }
            return;
        }
        if (!hasPlace && !_runs.ContainsKey(id))
        {
            _places.Enter(tenant);
        }
        _runs[id] = run;
    }

    /// <summary>Oldest first.</summary>
    /// <param name="matchId">Those of a match; null for all.</param>
    public IReadOnlyList<StoredRun> All(string? matchId) =>
    [
        .. _runs.Values.Where(r => matchId is null || r.Kept.Head.MatchId == matchId)
            .OrderBy(static r => r.Ref.Row).Select(static r => r.Kept),
    ];

    public RunCounts Count()
    {
        var (queued, running) = (0, 0);
        foreach (var (_, run) in _runs)
        {
            queued += run.Kept.Summary.Status == RunStatus.Queued ? 1 : 0;
            running += run.Kept.Summary.Status == RunStatus.Running ? 1 : 0;
        }
        return new RunCounts(queued, running);
    }
}
