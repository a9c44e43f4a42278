using System.Collections.Immutable;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Grid;

/// <summary>Adds up what backups have cost and gained, by the runs themselves.</summary>
public sealed class HedgeReports(string plan)
{
    /// <summary>Of how many runs a report is made unless somebody says otherwise.</summary>
    public const int DefaultRuns = 200;

    /// <summary>Of how many at most: each is read from the journal.</summary>
    public const int MostRuns = 1_000;

    private const string EachMode = "each";

    private readonly List<string> _order = [];
    private readonly Dictionary<string, StepSums> _steps = new(StringComparer.Ordinal);
    private int _runs;
    private DateTimeOffset? _since;

    /// <summary>One more run that has ended.</summary>
    public void Add(RunDetails run)
    {
        _runs++;
        _since = _since is { } since && since < run.Summary.AcceptedAt ? since : run.Summary.AcceptedAt;
        var definitions = run.PlanDefinition.Element.GetProperty("steps");
        foreach (var step in run.Steps)
        {
            if (!definitions.TryGetProperty(step.Id, out var definition) || !definition.TryGetProperty(HedgeReader.Key, out _))
            {
                continue;
            }
            if (!_steps.TryGetValue(step.Id, out var sums))
            {
                _order.Add(step.Id);
                _steps.Add(step.Id, sums = new StepSums());
            }
            sums.Add(step);
        }
    }

    public HedgeReport Build() => new(plan, _runs, _since, [.. _order.Select(id => _steps[id].Build(id))]);

    private sealed class StepSums
    {
        private readonly List<double> _with = [];
        private readonly List<double> _without = [];
        private int _started;
        private int _won;
        private int _refused;
        private int _didNotStop;
        private int _atLeast;
        private double _lostSeconds;
        private double _lostGpuSeconds;

        public void Add(StepDetails step)
        {
            foreach (var attempt in step.Attempts)
            {
                _refused += attempt.IsRefusedHedge ? 1 : 0;
                _started += attempt is { IsHedge: true, StartedAt: not null } ? 1 : 0;
                _won += attempt is { IsHedge: true, Status: AttemptStatus.Succeeded } ? 1 : 0;
                if (attempt.Receipt is { } receipt)
                {
                    _didNotStop += receipt.GivenUpAt is null ? 0 : 1;
                    _lostSeconds += SecondsOf(attempt, receipt);
                    _lostGpuSeconds += receipt.GpuSeconds ?? 0;
                }
            }
            // Of the last execution of each item, or of the step.
            foreach (var execution in step.Attempts.Where(a => a.QueuedAt >= step.StartedAt).GroupBy(a => step.Mode == EachMode ? a.Branch : 0))
            {
                Compare([.. execution], step);
            }
        }

        public HedgedStepReport Build(string step) => new()
        {
            Step = step,
            Executions = _with.Count,
            Started = _started,
            Won = _won,
            Lost = _started - _won,
            Refused = _refused,
            DidNotStop = _didNotStop,
            LostSeconds = Math.Round(_lostSeconds, 3),
            LostGpuSeconds = Math.Round(_lostGpuSeconds, 3),
            SavedSeconds = Math.Round(_without.Sum() - _with.Sum(), 3),
            WithMs = LatencyOf(_with),
            WithoutMs = LatencyOf(_without),
            AtLeast = _atLeast,
        };

        // Where the first attempt has failed, another would have taken its place in any case.
        private void Compare(AttemptDetails[] attempts, StepDetails step)
        {
            if (step.Status != StepStatus.Completed
                || attempts.FirstOrDefault() is not { StartedAt: { } start } first
                || attempts.FirstOrDefault(static a => a.Status == AttemptStatus.Succeeded) is not { EndedAt: { } end } winner
                || (first != winner && first.Receipt is null))
            {
                return;
            }
            var with = (end - start).TotalSeconds;
            var without = with;
            if (first.Receipt is { } receipt)
            {
                var isKnown = receipt is { State: StopState.Stopped, Acknowledged: false };
                _atLeast += isKnown ? 0 : 1;
                without = Math.Max(with, SecondsOf(first, receipt));
            }
            _with.Add(with);
            _without.Add(without);
        }

        private static double SecondsOf(AttemptDetails attempt, StopReceipt receipt) =>
            receipt.Seconds ?? ((attempt.EndedAt - attempt.StartedAt)?.TotalSeconds ?? 0);

        private static HedgeLatency? LatencyOf(List<double> seconds)
        {
            if (seconds.Count == 0)
            {
                return null;
            }
            double[] sorted = [.. seconds.Order()];
            double At(double share) => Math.Round(1_000 * sorted[(int)Math.Ceiling(share * sorted.Length) - 1], 1);
            return new HedgeLatency(At(0.50), At(0.99));
        }
    }
}
