using System.Collections.Immutable;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Simulation.History;

namespace AgentGrid.Simulation.WhatIf;

/// <summary>Counts what was and what would have been.</summary>
internal sealed class Comparison
{
    private const int MostPlacements = 50;

    private readonly SortedDictionary<string, (Times Was, Times WouldBe)> _plans = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, (Waits Was, Waits WouldBe)> _agents = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Plan, string Step, string Was, string WouldBe), (int Count, string Why)> _placements = [];
    private readonly Dictionary<(string Plan, string Why), int> _leftOut = [];
    private readonly Totals _was = new();
    private readonly Totals _wouldBe = new();

    public ImmutableArray<PlanComparison> Plans =>
        [.. _plans.Select(static p => new PlanComparison(p.Key, p.Value.Was.Report, p.Value.WouldBe.Report))];

    public ImmutableArray<AgentComparison> Agents =>
        [.. _agents.Select(static a => new AgentComparison(a.Key, a.Value.Was.Report, a.Value.WouldBe.Report))];

    public ImmutableArray<PlacementChange> Placements =>
    [
        .. _placements.OrderByDescending(static p => p.Value.Count).ThenBy(static p => p.Key).Take(MostPlacements)
            .Select(static p => new PlacementChange(p.Key.Plan, p.Key.Step, p.Key.Was, p.Key.WouldBe, p.Value.Count, p.Value.Why)),
    ];

    public ImmutableArray<LeftOutRuns> LeftOut =>
        [.. _leftOut.OrderByDescending(static l => l.Value).Select(static l => new LeftOutRuns(l.Key.Plan, l.Value, l.Key.Why))];

    /// <param name="from">When the first run arrived.</param>
    public WhatIfTotals Was(DateTimeOffset from) => _was.Report(from);

    /// <inheritdoc cref="Was"/>
    public WhatIfTotals WouldBe(DateTimeOffset from) => _wouldBe.Report(from);

    public void Leave(string plan, string why) => _leftOut[(plan, why)] = _leftOut.GetValueOrDefault((plan, why)) + 1;

    /// <summary>A run as the journal has it, before anything is taken of it.</summary>
    public void AddRecorded(RecordedRun run)
    {
        _was.Add(run.Times);
        PlanOf(run.Plan).Was.Add(run.Times);
        AddAttempts(run);
    }

    /// <summary>A run that has ended, with what the journal has of it; null for nothing.</summary>
    public void AddSimulated(RunState run, RecordedRun? recorded)
    {
        var times = RunTimes.Of(run);
        if (run.Parent is null)
        {
            _wouldBe.Add(times);
            PlanOf(run.Plan.Name).WouldBe.Add(times);
        }
        foreach (var step in run.Steps)
        {
            foreach (var attempt in step.Attempts.Where(static a => !PlanCalls.Is(a.Agent)))
            {
                if (attempt.StartedAt is { } started)
                {
                    AgentOf(attempt.Agent).WouldBe.Add(started - attempt.QueuedAt, (attempt.EndedAt ?? started) - started);
                }
            }
            if (recorded is not null)
            {
                ComparePlacements(run, step, recorded);
            }
        }
    }

    private void AddAttempts(RecordedRun run)
    {
        foreach (var (_, attempt) in run.Attempts)
        {
            AgentOf(attempt.Agent).Was.Add(attempt.Wait, attempt.Duration);
        }
        foreach (var child in run.Children)
        {
            AddAttempts(child);
        }
    }

    private void ComparePlacements(RunState run, StepState step, RecordedRun recorded)
    {
        foreach (var ofItem in step.Attempts.Where(static a => a.Status == AttemptStatus.Succeeded).GroupBy(a => RecordedRun.ItemOf(step, a)))
        {
            var now = ofItem.Last();
            if (recorded.Last(step.Id, ofItem.Key) is not { } before || (before.Agent == now.Agent && before.Node == now.Node))
            {
                continue;
            }
            var why = before.Agent != now.Agent ? now.Decision?.Why : now.Placement?.Why;
            var key = (run.Plan.Name, step.Id, $"{before.Agent}@{before.Node}", $"{now.Agent}@{now.Node}");
            _placements[key] = (_placements.GetValueOrDefault(key).Count + 1, why ?? "the only node");
        }
    }

    private (Times Was, Times WouldBe) PlanOf(string plan) => Of(_plans, plan, static () => (new Times(), new Times()));

    private (Waits Was, Waits WouldBe) AgentOf(string agent) => Of(_agents, agent, static () => (new Waits(), new Waits()));

    private static T Of<T>(SortedDictionary<string, T> all, string name, Func<T> make)
    {
        if (!all.TryGetValue(name, out var one))
        {
            all.Add(name, one = make());
        }
        return one;
    }

    private class Counts
    {
        public int Completed { get; private set; }
        public int Failed { get; private set; }
        public int Cancelled { get; private set; }
        public int Unended { get; private set; }

        public virtual void Add(RunTimes? times)
        {
            switch (times?.Status)
            {
                case RunStatus.Completed: Completed++; break;
                case RunStatus.Failed: Failed++; break;
                case RunStatus.Cancelled: Cancelled++; break;
                default: Unended++; break;
            }
        }
    }

    private sealed class Totals : Counts
    {
        private DateTimeOffset? _last;

        public override void Add(RunTimes? times)
        {
            base.Add(times);
            _last = times?.EndedAt > _last || _last is null ? times?.EndedAt ?? _last : _last;
        }

        public WhatIfTotals Report(DateTimeOffset from) =>
            new(Completed, Failed, Cancelled, Unended, _last is { } last ? Math.Round((last - from).TotalSeconds, 3) : null);
    }

    private sealed class Times : Counts
    {
        private readonly Percentiles _makespans = new();
        private readonly Percentiles _waits = new();

        public PlanTimes Report => new(
            Completed, Failed, Cancelled, _makespans.At(0.5), _makespans.At(0.99), _makespans.At(1), _waits.At(0.5), _waits.At(0.99));

        public override void Add(RunTimes? times)
        {
            base.Add(times);
            if (times is { } ended)
            {
                _makespans.Add(ended.Makespan);
                _waits.Add(ended.Wait);
            }
        }
    }

    private sealed class Waits
    {
        private readonly Percentiles _waits = new();
        private TimeSpan _busy;

        public AgentTimes Report => new(_waits.Count, Math.Round(_busy.TotalSeconds, 3), _waits.At(0.5), _waits.At(0.99));

        public void Add(TimeSpan wait, TimeSpan duration)
        {
            _waits.Add(wait);
            _busy += duration;
        }
    }
}
