using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Runs;

public static partial class RunMachine
{
    private static void Reopen(RunState state, RunEvent.RunRetried e)
    {
        state.Result = null;
        AwaitTurn(state, e);
        state.LastStartedAt = null;
        state.EndedAt = null;
        state.Error = null;
        state.CancelReason = null;
        foreach (var id in e.Anew ?? AnewOfOlderVersions(state, e.FromStep))
        {
            Reopen(state[id], keepsBranches: e.Partly?.Contains(id) == true);
        }
        state.OpenSteps = 0;
        foreach (var step in state.Steps)
        {
            state.OpenSteps += step.Status.IsEnded() ? 0 : 1;
            step.UnmetNeeds = 0;
            foreach (var need in state.Plan.Needs[step.Index])
            {
                step.UnmetNeeds += state.Steps[need].Status.IsEnded() ? 0 : 1;
            }
        }
    }

    private static void Reopen(StepState step, bool keepsBranches)
    {
        step.Kept = keepsBranches ? [.. CountedSuccesses(step)] : [];
        step.Output = null;
        step.Received = null;
        step.SkipReason = null;
        step.Status = StepStatus.Pending;
        step.Error = null;
        step.StartedAt = step.EndedAt = null;
        step.Items = default;
        step.Branches.Clear();
        step.AttemptsBeforeRetry = step.Attempts.Count;
        step.SucceededBranches = step.FailedBranches = 0;
        step.BranchOutputBytes = step.Kept.Sum(static a => (long)a.Output!.Length);
    }

    private static IEnumerable<string> AnewOfOlderVersions(RunState state, string? fromStep)
    {
        HashSet<int> named = fromStep is null ? [] : RetryScope.DependingOn(state.Plan, [state.Plan.IndexOf(fromStep)]);
        return state.Steps.Where(s => named.Contains(s.Index) || s.Status is not (StepStatus.Completed or StepStatus.Skipped))
            .Select(static s => s.Id).ToArray();
    }
}
