using System.Collections.Immutable;
using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Runs;

/// <summary>
/// What a retry does anew: so much that what is kept and what comes could have happened in one go. A step that starts
/// anew takes with it all that depend on it, also those that had been completed or skipped.
/// </summary>
/// <param name="Anew">The steps that start anew, by id.</param>
/// <param name="Partly">Those of them that keep their branches that have succeeded.</param>
internal readonly record struct RetryScope(ImmutableArray<string> Anew, ImmutableArray<string> Partly)
{
    /// <param name="fromStep">This step starts anew, and optional ones that failed elsewhere do not; null for none.</param>
    public static RetryScope Of(RunState state, string? fromStep)
    {
        var from = fromStep is null ? -1 : state.Plan.IndexOf(fromStep);
        var unfinished = state.Steps.Where(s => s.Index == from || !IsKept(s, from)).Select(static s => s.Index).ToArray();
        var anew = DependingOn(state.Plan, unfinished);
        return new RetryScope(
            [.. state.Steps.Where(s => anew.Contains(s.Index)).Select(static s => s.Id)],
            [.. unfinished.Where(i => i != from && KeepsBranches(state, i, anew)).Select(i => state.Steps[i].Id)]);
    }

    private static bool IsKept(StepState step, int from) => step.Status is StepStatus.Completed or StepStatus.Skipped
        || (from >= 0 && step.Step.Optional && step.Status == StepStatus.Failed);

    // What it is given is the same as before.
    private static bool KeepsBranches(RunState state, int step, HashSet<int> anew) =>
        state.Steps[step].Step.Mode is StepMode.Each or StepMode.All
        && state.Steps[step].SucceededBranches > 0
        && !state.Plan.Needs[step].Any(anew.Contains);

    /// <summary>These steps, and every step that cannot be done without one of them.</summary>
    public static HashSet<int> DependingOn(Plan plan, IEnumerable<int> steps)
    {
        var found = steps.ToHashSet();
        var open = new Queue<int>(found);
        while (open.TryDequeue(out var next))
        {
            foreach (var dependant in plan.Dependants[next])
            {
                if (found.Add(dependant))
                {
                    open.Enqueue(dependant);
                }
            }
        }
        return found;
    }
}
