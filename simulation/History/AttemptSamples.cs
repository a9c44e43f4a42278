namespace AgentGrid.Simulation.History;

/// <summary>
/// What is known of how long agents take: a bounded number of attempts of each agent, and of each agent in each step of each
/// plan, chosen evenly of all that came.
/// </summary>
/// <param name="random">Chooses which are kept.</param>
public sealed class AttemptSamples(Random random)
{
    private const int MostOfEach = 512;
    private const int LargestOutput = 16 * 1024;
    private const int MostDraws = 32;
    private static readonly TimeSpan s_least = TimeSpan.FromMilliseconds(1);

    private readonly Dictionary<(string Plan, string Step, string Agent), Reservoir> _ofSteps = [];
    private readonly Dictionary<string, Reservoir> _ofAgents = new(StringComparer.Ordinal);

    /// <summary>Adds what a run and the runs of its steps tell.</summary>
    public void Add(RecordedRun run)
    {
        foreach (var (step, attempt) in run.Attempts.Where(static a => a.Attempt.IsWhole))
        {
            var kept = attempt.Output?.Length > LargestOutput ? attempt with { Output = null } : attempt;
            Of(_ofSteps, (run.Plan, step, attempt.Agent)).Add(kept, random);
            Of(_ofAgents, attempt.Agent).Add(kept, random);
        }
        foreach (var child in run.Children)
        {
            Add(child);
        }
    }

    /// <summary>Draws an attempt of an agent: of the step where there are some, else of any; null when there are none.</summary>
    /// <param name="longerThan">Rather one that took longer.</param>
    /// <param name="by">Draws.</param>
    public RecordedAttempt? Draw(string plan, string step, string agent, TimeSpan longerThan, Random by)
    {
        var from = _ofSteps.GetValueOrDefault((plan, step, agent)) ?? _ofAgents.GetValueOrDefault(agent);
        var drawn = from?.Draw(by);
        if (longerThan == TimeSpan.Zero)
        {
            return drawn;
        }
        for (var i = 0; i < MostDraws && drawn is not null && drawn.Duration <= longerThan; i++)
        {
            drawn = from!.Draw(by);
        }
        return drawn?.Duration <= longerThan ? drawn with { Duration = longerThan + s_least } : drawn;
    }

    private static Reservoir Of<TKey>(Dictionary<TKey, Reservoir> all, TKey key)
        where TKey : notnull
    {
        if (!all.TryGetValue(key, out var reservoir))
        {
            all.Add(key, reservoir = new Reservoir());
        }
        return reservoir;
    }

    private sealed class Reservoir
    {
        private readonly List<RecordedAttempt> _kept = [];
        private long _seen;

        public void Add(RecordedAttempt attempt, Random random)
        {
            _seen++;
            if (_kept.Count < MostOfEach)
            {
                _kept.Add(attempt);
            }
            else if (random.NextInt64(_seen) is < MostOfEach and var at)
            {
                _kept[(int)at] = attempt;
            }
        }

        public RecordedAttempt Draw(Random random) => _kept[random.Next(_kept.Count)];
    }
}
