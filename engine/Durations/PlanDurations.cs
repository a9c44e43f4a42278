using AgentGrid.Core.Agents;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Durations;

/// <summary>How long the steps of one plan take. Can be called concurrently.</summary>
public sealed class PlanDurations
{
    private const int MostPerStep = 64;

    private readonly LearnedDurations _all;
    private readonly StepDurations?[] _steps;
    private readonly DecayedHistogram[] _shares;
    private double[]? _paths;

    // How many steps of its runs have told how long they took, and how many had when the paths were found.
    private long _told;
    private long _toldThen;

    /// <param name="before">What was known of the plan as it was before; null for nothing.</param>
    internal PlanDurations(LearnedDurations all, Plan plan, PlanDurations? before)
    {
        (_all, Plan) = (all, plan);
        _shares = [.. plan.Steps.Select(all.ShareOf)];
        _steps = new StepDurations?[plan.Steps.Length];
        for (var i = 0; before is not null && i < _steps.Length; i++)
        {
            // Under the same id, another agent does other work.
            if (before.Plan.TryIndexOf(plan.Steps[i].Id, out var same)
                && LearnedDurations.AskedBy(before.Plan.Steps[same]) == LearnedDurations.AskedBy(plan.Steps[i]))
            {
                _steps[i] = before._steps[same] ??= new StepDurations();
            }
        }
    }

    internal Plan Plan { get; }

    /// <summary>How long attempts of an agent take in a step; null where none is known.</summary>
    /// <param name="step">Its index in the plan.</param>
    public DurationQuantiles? Of(int step, string agent)
    {
        lock (_all.Gate)
        {
            return _steps[step]?.Of(agent)?.Quantiles();
        }
    }

    /// <summary>
    /// For each step, the seconds that the longest path takes which begins with it, by the medians of the work of its steps. A step
    /// that has not run yet is taken to need as much of its timeout as others that ask the same do, or else as any step does.
    /// </summary>
    /// <returns>Null where nothing is known of the plan, nor of anything that it asks. It never changes.</returns>
    public double[]? Paths()
    {
        lock (_all.Gate)
        {
            if (IsStale)
            {
                (_paths, _toldThen) = (FindPaths(), _told);
            }
            return _paths;
        }
    }

    /// <summary>Learns from an event that is durable, or will be.</summary>
    /// <param name="run">With the event in it.</param>
    public void Record(RunState run, RunEvent e)
    {
        switch (e)
        {
            case RunEvent.AttemptSucceeded x: RecordEnd(run[x.Step], x.Attempt); break;
            case RunEvent.AttemptFailed x: RecordEnd(run[x.Step], x.Attempt); break;
            case RunEvent.AttemptCancelled x: RecordEnd(run[x.Step], x.Attempt); break;
            case RunEvent.StepCompleted x: RecordStep(run[x.Step]); break;
            case RunEvent.AttemptLost x:
                lock (_all.Gate)
                {
                    _all.Warmth.Lost(x.Node);
                }
                break;
            default: break; // not about an end
        }
    }

    /// <summary>Within the gate.</summary>
    internal void Add(in EndedWork work, Warmth warmth)
    {
        var isWarm = warmth.Was(work);
        if (work.IsStep)
        {
            AddStep(work, isWarm);
            return;
        }
        if (isWarm)
        {
            _all.AgentOf(work.Agent).Add(work.Node, work.Seconds);
            (_steps[work.Step] ??= new StepDurations()).Add(work.Agent, work.Seconds);
        }
        else
        {
            _all.AgentOf(work.Agent).Cold.Add(work.Seconds);
        }
        if (work.Succeeded)
        {
            warmth.Succeeded(work);
        }
    }

    internal StepDurations? Step(int index) => _steps[index];

    private void AddStep(in EndedWork work, bool isWarm)
    {
        if (!isWarm)
        {
            return;
        }
        (_steps[work.Step] ??= new StepDurations()).Work.Add(work.Seconds);
        _told++;
        if (Plan.Steps[work.Step].Wait is null)
        {
            var share = work.Seconds / Timeout(work.Step);
            _shares[work.Step].Add(share);
            _all.AnyShare.Add(share);
        }
    }

    private void RecordEnd(StepState step, int attempt)
    {
        if (EndedWork.Of(step, step.Attempts[attempt - 1]) is not { } work)
        {
            return;
        }
        lock (_all.Gate)
        {
            Add(work, _all.Warmth);
        }
    }

    private void RecordStep(StepState step)
    {
        if (EndedWork.Of(step) is not { } work)
        {
            return;
        }
        lock (_all.Gate)
        {
            Add(work, _all.Warmth);
        }
    }

    // Often at first, and less and less as one run more changes less and less.
    private bool IsStale => _told == 0 || _told - _toldThen > Math.Min(_toldThen / 8, MostPerStep * (long)_steps.Length);

    private double[]? FindPaths()
    {
        if (_told == 0 && Array.TrueForAll(_shares, static s => s.Count == 0))
        {
            return null;
        }
        var seconds = new double[_steps.Length];
        for (var i = 0; i < seconds.Length; i++)
        {
            seconds[i] = _steps[i]?.Work is { Count: > 0 } work
                ? work.Quantile(0.5)
                : Timeout(i) * (_shares[i].Count > 0 ? _shares[i] : _all.AnyShare).Quantile(0.5);
        }
        Plan.AddUpPaths(seconds);
        return seconds;
    }

    private double Timeout(int step) => (Plan.Steps[step].Timeout ?? AgentDefaults.Timeout).TotalSeconds;
}
