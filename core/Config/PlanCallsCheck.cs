using AgentGrid.Core.Documents;
using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Config;

/// <summary>
/// Says which plans call each other in a circle, so that their runs would start runs without end, or so deep that a run of theirs would
/// be refused.
/// </summary>
internal sealed class PlanCallsCheck(IReadOnlyDictionary<string, PlanDraft> plans, ProblemList problems)
{
    private readonly HashSet<string> _done = new(StringComparer.Ordinal);

    // How many plans are below one, along the longest way of calls; not of those that are on the way yet.
    private readonly Dictionary<string, int> _below = new(StringComparer.Ordinal);

    public void Report()
    {
        foreach (var name in plans.Keys)
        {
            Follow(name);
        }
    }

    // Depth first and without recursion. A call of a plan that is on the way there closes a circle.
    private void Follow(string start)
    {
        List<string> way = [];
        var open = new Stack<(string Plan, IEnumerator<StepDraft> Calls)>();
        void Enter(string plan)
        {
            if (_done.Add(plan))
            {
                way.Add(plan);
                open.Push((plan, CallsOf(plan).GetEnumerator()));
            }
        }
        Enter(start);
        while (open.TryPeek(out var at))
        {
            if (!at.Calls.MoveNext())
            {
                open.Pop();
                way.RemoveAt(way.Count - 1);
                Measure(at.Plan);
                continue;
            }
            var (step, called) = (at.Calls.Current, at.Calls.Current.Step.Plan!);
            if (way.IndexOf(called) is >= 0 and var first)
            {
                var circle = string.Join(" -> ", way.Skip(first).Append(called).Select(n => Names.Shorten(n)));
                problems.Add(
                    step.At("plan"), ConfigCodes.PlanCircle,
                    $"the plans call each other in a circle, so their runs would never end: {circle}. Remove one of these calls.");
            }
            else
            {
                Enter(called);
            }
        }
    }

    // Said once on each way: those above it are too deep as well.
    private void Measure(string plan)
    {
        int Below(StepDraft call) => _below.TryGetValue(call.Step.Plan!, out var below) ? below + 1 : 0;
        var deepest = CallsOf(plan).MaxBy(Below);
        _below[plan] = deepest is null ? 0 : Below(deepest);
        if (_below[plan] != Plan.MaxCallDepth + 1)
        {
            return;
        }
        List<string> way = [plan];
        while (CallsOf(way[^1]).MaxBy(Below)?.Step.Plan is { } next && _below.ContainsKey(next))
        {
            way.Add(next);
        }
        problems.Add(
            deepest!.At("plan"), ConfigCodes.PlansTooDeep,
            $"the plans call each other more than {Plan.MaxCallDepth} levels deep, so the last run would be refused: "
            + $"{string.Join(" -> ", way.Select(n => Names.Shorten(n)))}. Use fewer levels.");
    }

    private IEnumerable<StepDraft> CallsOf(string plan) =>
        plans.TryGetValue(plan, out var draft) ? draft.Steps.Where(static s => s.Step.Plan is not null) : [];
}
