using System.Collections.Immutable;

namespace AgentGrid.Bench.Placement;

/// <summary>What no placement can beat, or only one that knows the future.</summary>
internal static class Bounds
{
    /// <summary>
    /// How long each job waits where all GPUs of its kind are one pool, every model is loaded everywhere, no message takes time, and
    /// first come is first served.
    /// </summary>
    public static TimeSpan[] PooledWaits(Fleet fleet, ImmutableArray<Job> jobs)
    {
        var waits = new TimeSpan[jobs.Length];
        foreach (var kind in fleet.Kinds)
        {
            var free = new PriorityQueue<TimeSpan, TimeSpan>(Enumerable.Repeat((TimeSpan.Zero, TimeSpan.Zero), kind.Gpus));
            foreach (var job in jobs.Where(j => j.Model.Kind == kind))
            {
                var at = free.Dequeue();
                var start = at > job.Arrives ? at : job.Arrives;
                waits[job.Index] = start - job.Arrives;
                free.Enqueue(start + job.Work, start + job.Work);
            }
        }
        return waits;
    }

    /// <summary>No schedule ends sooner: the longest path of any run, and the work of each kind over its GPUs.</summary>
    public static TimeSpan Makespan(Fleet fleet, ImmutableArray<Job> jobs)
    {
        var path = jobs.Max(static j => j.Run is { } run ? TimeSpan.FromMilliseconds(run.Behind[j.Task]) : j.Work);
        var area = fleet.Kinds.Max(k => TimeSpan.FromTicks(jobs.Where(j => j.Model.Kind == k).Sum(static j => j.Work.Ticks) / k.Gpus));
        return path > area ? path : area;
    }

    /// <summary>
    /// The fewest cold starts for attempts that start and end when they did, each on any GPU of its kind, by whoever knows the future.
    /// A GPU is warm for a model between the end of one attempt and the start of the next of the same model that it keeps it for: at
    /// any time as many can be kept as there are GPUs without an attempt. The most are kept where, whenever there are too many, the
    /// one is given up that is needed last (Belady, "A study of replacement algorithms", 1966; for intervals Carlisle and Lloyd,
    /// "On the k-coloring of intervals", 1995).
    /// </summary>
    public static int ColdStarts(Fleet fleet, ImmutableArray<Job> jobs, IReadOnlyList<PlacedJob> placed) =>
        fleet.Kinds.Sum(k => ColdStarts(k, [.. jobs.Where(j => j.Model.Kind == k).Select(j => (j.Model.Index, placed[j.Index].StartedAt, placed[j.Index].EndedAt))]));

    private static int ColdStarts(GpuKind kind, (int Model, TimeSpan Start, TimeSpan End)[] attempts)
    {
        // For each end, when the copy of the model is needed next: the one that was left last is taken first.
        var events = attempts.SelectMany((a, i) => new[] { (At: a.Start, IsStart: true, i), (At: a.End, IsStart: false, i) })
            .OrderBy(static e => e.At).ThenBy(static e => e.IsStart).ToArray();
        var left = new Dictionary<int, Stack<int>>();
        var neededAt = new TimeSpan?[attempts.Length];
        foreach (var e in events)
        {
            if (!left.TryGetValue(attempts[e.i].Model, out var idle))
            {
                left.Add(attempts[e.i].Model, idle = new Stack<int>());
            }
            if (!e.IsStart)
            {
                idle.Push(e.i);
            }
            else if (idle.TryPop(out var from))
            {
                neededAt[from] = e.At;
            }
        }
        var (running, warm) = (0, 0);
        var kept = new SortedSet<(TimeSpan NeededAt, int Attempt)>();
        foreach (var e in events)
        {
            while (kept.Count > 0 && kept.Min.NeededAt <= e.At && e.IsStart)
            {
                warm++;
                kept.Remove(kept.Min);
            }
            running += e.IsStart ? 1 : -1;
            if (!e.IsStart && neededAt[e.i] is { } next)
            {
                kept.Add((next, e.i));
            }
            while (kept.Count > kind.Gpus - running)
            {
                kept.Remove(kept.Max);
            }
        }
        return attempts.Length - warm;
    }
}
