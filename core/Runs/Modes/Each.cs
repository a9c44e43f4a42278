using System.Text.Json;
using AgentGrid.Core.Routing;

namespace AgentGrid.Core.Runs;

public static partial class RunMachine
{
    // Mode each: an agent is asked for every item of a list, and enough of them must succeed.
    private sealed partial class Turn
    {
        private void StartEach(StepState step)
        {
            var path = step.Step.ForEach!;
            var list = path.Find(state.Root)?.Element;
            if (list is not { ValueKind: JsonValueKind.Array })
            {
                var found = list is null ? "nothing" : list.Value.ValueKind.ToString().ToLowerInvariant();
                FailStep(step, new RunError(
                    ErrorKind.Plan, ErrorCodes.NotAList,
                    $"Step '{step.Id}' of run '{state.Key}': for_each '{path}' must lead to a list, but led to " +
                    $"{found}.", Retryable: false));
                return;
            }
            var count = list.Value.GetArrayLength();
            if (count > limits.MaxItems)
            {
                FailStep(step, new RunError(
                    ErrorKind.Plan, ErrorCodes.TooManyItems,
                    $"Step '{step.Id}' of run '{state.Key}': for_each '{path}' led to a list of {count} items; at most " +
                    $"{limits.MaxItems} are allowed (option MaxItems). Post them as several runs, or give each item more to " +
                    "do.", Retryable: false));
                return;
            }
            if (count > 0 && Matching(step).Count == 0)
            {
                NoAgent(step);
                return;
            }
            FanOut(step, [], count, RequiredOf(step.Step, count));
            for (var i = 0; i < count; i++)
            {
                if (step.Branches[i].Status == BranchStatus.Waiting)
                {
                    StartAttempt(step, i, UnlessUnfit(step, Choose(step)));
                }
            }
            CheckQuorum(step);
        }
    }
}
