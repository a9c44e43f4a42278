using AgentGrid.Core.Agents;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Durations;

/// <summary>How long the steps of one plan take. Can be called concurrently.</summary>
public sealed class PlanDurations
{
    private const int MostPerStep = 64;

    private readonly LearnedDurations _all;
    private readonly StepDurations?[] _steps;
    private readonly DecayedHistogram[] _shares;
    private readonly int[] _lines;
    private readonly bool _hasChoice;
    private Known? _known;

    // How many steps of its runs have told how long they took, and how many had when the order was found.
    private long _told;
    private long _toldThen;

    /// <param name="before">What was known of the plan as it was before; null for nothing.</param>
    internal PlanDurations(LearnedDurations all, Plan plan, PlanDurations? before)
    {
        (_all, Plan) = (all, plan);
        _hasChoice = HasChoice(plan);
        _lines = _hasChoice ? LinesOf(plan) : [];
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
    /// What the steps of a run go by among each other: the longest path that begins with a step, by the medians of the work of its
    /// steps; or another order, where a run that has the slots to itself which are free would end clearly earlier in it. A step
    /// that has not run yet is taken to need as much of its timeout as others that ask the same do, or else as any step does.
    /// </summary>
    /// <param name="routing">The slots that are free.</param>
    /// <returns>Null where nothing is known of the plan, nor of anything that it asks.</returns>
    internal StepOrder? Order(IRoutingView routing)
    {
        if (FindStale() is { } seconds)
        {
            var paths = seconds.ToArray();
            Plan.AddUpPaths(paths);
            // A plan that is never run again is not worth it.
            var slots = _hasChoice && Volatile.Read(ref _told) > 0 ? FreeSlots(routing) : null;
            var order = slots is null
                ? new StepOrder(UrgencyKind.LongestPath, seconds, paths)
                : new Rehearsal(Plan, seconds, paths).Best(_lines, slots);
            Volatile.Write(ref _known, new Known(order, slots));
        }
        if (Volatile.Read(ref _known) is not { } known)
        {
            return null;
        }
        // What was found for other slots says nothing of these.
        return known.Order.By == UrgencyKind.LongestPath || known.Slots.AsSpan().SequenceEqual(FreeSlots(routing))
            ? known.Order
            : known.Order with { By = UrgencyKind.LongestPath };
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

    // How long each step takes, where what was found is old: often at first, and less and less as one run more changes less.
    private double[]? FindStale()
    {
        lock (_all.Gate)
        {
            if (_told > 0 && _told - _toldThen <= Math.Min(_toldThen / 8, MostPerStep * (long)_steps.Length))
            {
                return null;
            }
            if (_told == 0 && Array.TrueForAll(_shares, static s => s.Count == 0))
            {
                return null;
            }
            var seconds = new double[_steps.Length];
            for (var i = 0; i < seconds.Length; i++)
            {
                seconds[i] = _steps[i]?.Work is { Count: > 0 } work
                    ? work.Median()
                    : Timeout(i) * (_shares[i].Count > 0 ? _shares[i] : _all.AnyShare).Quantile(0.5);
            }
            _toldThen = _told;
            return seconds;
        }
    }

    // How many steps of each line could start now.
    private int[] FreeSlots(IRoutingView routing)
    {
        var slots = new int[_lines.Length == 0 ? 0 : _lines.Max() + 1];
        for (var i = 0; i < _lines.Length; i++)
        {
            if (slots[_lines[i]] == 0)
            {
                slots[_lines[i]] = FreeSlots(routing, Plan.Steps[i]);
            }
        }
        return slots;
    }

    private int FreeSlots(IRoutingView routing, Step step)
    {
        if (step.Wait is not null || step.Plan is not null)
        {
            return _lines.Length;
        }
        if (step.Agent is { } agent)
        {
            return Math.Clamp(routing.Named(agent)?.FreeSlots ?? 1, 1, _lines.Length);
        }
        long free = 0;
        foreach (var load in routing.Offering(step.Capabilities))
        {
            free += load.FreeSlots;
        }
        return (int)Math.Clamp(free, 1, _lines.Length);
    }

    // Whom steps ask, by numbers: those that ask the same wait in one line.
    private static int[] LinesOf(Plan plan)
    {
        var lines = new Dictionary<string, int>(StringComparer.Ordinal);
        var ofSteps = new int[plan.Steps.Length];
        for (var i = 0; i < ofSteps.Length; i++)
        {
            var asked = LearnedDurations.AskedBy(plan.Steps[i]);
            if (!lines.TryGetValue(asked, out ofSteps[i]))
            {
                lines.Add(asked, ofSteps[i] = lines.Count);
            }
        }
        return ofSteps;
    }

    // Some of its steps can be ready at the same time.
    private static bool HasChoice(Plan plan) => plan.Steps.Length is > 2 and <= Rehearsal.MostSteps
        && (plan.Needs.Count(static n => n.IsEmpty) > 1 || plan.Dependants.Any(static d => d.Length > 1));

    private double Timeout(int step) => (Plan.Steps[step].Timeout ?? AgentDefaults.Timeout).TotalSeconds;

    /// <param name="Slots">For which free slots it was found; null where it does not depend on them.</param>
    private sealed record Known(StepOrder Order, int[]? Slots);
}
