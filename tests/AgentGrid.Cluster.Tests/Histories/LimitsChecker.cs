namespace AgentGrid.Cluster.Tests.Histories;

/// <summary>How many attempts ran at once, against how many may.</summary>
internal static class LimitsChecker
{
    public static IEnumerable<Violation> Check(History history)
    {
        var limits = history.Limits;
        foreach (var on in history.Invocations.Where(i => i.Gpu is not null).GroupBy(i => (i.Process, i.Gpu)))
        {
            foreach (var violation in Exceeded(on, limits.PerGpu, $"GPU {on.Key.Gpu} of process {on.Key.Process}", []))
            {
                yield return violation;
            }
        }
        foreach (var (agent, limit) in limits.PerNode ?? new Dictionary<string, int>())
        {
            foreach (var on in history.Invocations.Where(i => i.Agent == agent).GroupBy(i => i.Process))
            {
                foreach (var violation in Exceeded(on, limit, $"{agent} in process {on.Key}", []))
                {
                    yield return violation;
                }
            }
        }
        foreach (var (agent, limit) in limits.Total ?? new Dictionary<string, int>())
        {
            // What runs in a process that is lost is counted by nobody any more; it goes with its process.
            var counted = history.Invocations.Where(i => i.Agent == agent)
                .Select(i => history.LostFrom.TryGetValue(i.Process, out var lost) ? i with { End = Math.Min(i.End, lost) } : i)
                .Where(i => i.Begin < i.End);
            foreach (var violation in Exceeded(counted, limit, $"{agent} in the cluster", history.Excused))
            {
                yield return violation;
            }
        }
    }

    /// <summary>The most that ran at once of an agent, in processes that are lost as well.</summary>
    public static int Most(IEnumerable<Invocation> invocations) => Changes(invocations).Select(c => c.Running).DefaultIfEmpty().Max();

    private static IEnumerable<Violation> Exceeded(
        IEnumerable<Invocation> invocations, int limit, string where, IReadOnlyList<(long From, long To)> excused) =>
        Changes(invocations).Where(c => c.Running > limit && !excused.Any(e => e.From <= c.At && c.At <= e.To)).Take(1)
            .Select(c => new Violation(
                Checker.WithinLimits, $"{c.Running} of {where} at {c.At}, with at most {limit}: {string.Join(", ", c.Tokens)}"));

    // Whoever ends in the same moment as another begins is gone.
    private static IEnumerable<(long At, int Running, string[] Tokens)> Changes(IEnumerable<Invocation> invocations)
    {
        var running = new HashSet<string>();
        var changes = invocations.SelectMany(i => new[] { (At: i.Begin, Begins: true, i.Token), (At: i.End, Begins: false, i.Token) });
        foreach (var (at, begins, token) in changes.OrderBy(c => c.At).ThenBy(c => c.Begins))
        {
            _ = begins ? running.Add(token) : running.Remove(token);
            if (begins)
            {
                yield return (at, running.Count, [.. running]);
            }
        }
    }
}
