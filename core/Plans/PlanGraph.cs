using System.Collections.Immutable;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Plans;

/// <summary>The needs of a plan's steps as a graph. Nothing here recurses: a plan can be 10,000 steps deep.</summary>
internal sealed class PlanGraph
{
    private const int LongestCycleText = 12;

    private readonly ProblemList _problems;
    private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);

    public PlanGraph(ImmutableArray<StepDraft> steps, ProblemList problems)
    {
        (Steps, _problems) = (steps, problems);
        foreach (var step in steps)
        {
            _index.Add(step.Id, _index.Count);
        }
        Needs = [.. steps.Select(FindNeeds)];
    }

    public ImmutableArray<StepDraft> Steps { get; }

    /// <summary>For each step the indices of those that it needs; those that cannot be are left out.</summary>
    public ImmutableArray<ImmutableArray<int>> Needs { get; }

    public IReadOnlyCollection<string> Ids => _index.Keys;

    public bool TryIndexOf(string id, out int index) => _index.TryGetValue(id, out index);

    /// <summary>
    /// The steps in an order that respects their needs: by the length of the longest way to a step, then by id, so
    /// that the order in which they were written means nothing. Steps that can never start are problems.
    /// </summary>
    public ImmutableArray<int> Sort()
    {
        var dependants = new List<int>[Steps.Length];
        var missing = new int[Steps.Length];
        for (var i = 0; i < Steps.Length; i++)
        {
            missing[i] = Needs[i].Length;
            foreach (var need in Needs[i])
            {
                (dependants[need] ??= []).Add(i);
            }
        }
        var order = ImmutableArray.CreateBuilder<int>(Steps.Length);
        var ready = Enumerable.Range(0, Steps.Length).Where(i => missing[i] == 0).ToList();
        while (ready.Count > 0)
        {
            ready.Sort((a, b) => string.CompareOrdinal(Steps[a].Id, Steps[b].Id));
            order.AddRange(ready);
            ready = [.. ready.SelectMany(i => dependants[i] ?? []).Where(d => --missing[d] == 0)];
        }
        if (order.Count < Steps.Length)
        {
            ReportBlocked(missing);
        }
        return order.ToImmutable();
    }

    private ImmutableArray<int> FindNeeds(StepDraft step)
    {
        var needs = ImmutableArray.CreateBuilder<int>(step.Step.Needs.Length);
        foreach (var need in step.Step.Needs)
        {
            // Finding an entry's place takes a search; where nothing is reported any more it is not worth it.
            var place = _problems.IsFull || _index.ContainsKey(need) && need != step.Id
                ? step.Place
                : step.At("needs", need);
            if (need == step.Id)
            {
                _problems.Add(place, ConfigCodes.SelfNeed, $"step '{need}' needs itself: remove that need.");
            }
            else if (_index.TryGetValue(need, out var index))
            {
                needs.Add(index);
            }
            else
            {
                _problems.Add(
                    place, ConfigCodes.UnknownNeed,
                    $"step '{Names.Shorten(step.Id)}' needs the unknown step '{need}'{_problems.Suggest(need, Ids)}");
            }
        }
        return needs.ToImmutable();
    }

    /// <summary>
    /// Every blocked step has a blocked need; following the first of each leads into a cycle. Cycles are reported
    /// once; a step that is only behind one can never start.
    /// </summary>
    private void ReportBlocked(int[] missing)
    {
        var onCycle = new bool[Steps.Length];
        var walk = new int[Steps.Length];
        for (var start = 0; start < Steps.Length; start++)
        {
            var at = start;
            for (; missing[at] > 0 && walk[at] == 0; at = BlockedNeed(at, missing))
            {
                walk[at] = start + 1;
            }
            if (missing[at] > 0 && walk[at] == start + 1 && !onCycle[at])
            {
                ReportCycle(at, missing, onCycle);
            }
        }
        for (var i = 0; i < Steps.Length; i++)
        {
            if (missing[i] > 0 && !onCycle[i])
            {
                var need = Steps[BlockedNeed(i, missing)].Id;
                _problems.Add(
                    Steps[i].Place, ConfigCodes.Unreachable,
                    $"step '{Names.Shorten(Steps[i].Id)}' can never start: it needs " +
                    $"'{Names.Shorten(need)}', which is in a cycle or depends on one.");
            }
        }
    }

    private void ReportCycle(int start, int[] missing, bool[] onCycle)
    {
        List<int> cycle = [];
        for (var at = start; !onCycle[at]; at = BlockedNeed(at, missing))
        {
            onCycle[at] = true;
            cycle.Add(at);
        }
        // Told from the step that was written first, whichever way it was found.
        var first = cycle.IndexOf(cycle.Min());
        var ids = cycle.Skip(first).Concat(cycle.Take(first)).Append(cycle[first])
            .Select(i => Names.Shorten(Steps[i].Id)).ToArray();
        var text = ids.Length <= LongestCycleText
            ? string.Join(" -> ", ids)
            : $"{string.Join(" -> ", ids.Take(LongestCycleText - 2))} -> ... ({ids.Length - 1} steps) -> {ids[^1]}";
        var step = Steps[cycle[first]];
        _problems.Add(
            step.At("needs", ids[1]), ConfigCodes.Cycle,
            $"the steps need each other in a cycle, so none can start: {text}. Remove one of these needs.");
    }

    private int BlockedNeed(int step, int[] missing) => Needs[step].First(n => missing[n] > 0);
}
