using System.Collections.Immutable;
using AgentGrid.Core.Routing;

namespace AgentGrid.Core.Runs;

public static partial class RunMachine
{
    // Mode race: the best are asked, together or one after the other, and the first that succeeds wins.
    private sealed partial class Turn
    {
        private void StartRace(StepState step)
        {
            var agents = Matching(step);
            if (agents.Count == 0)
            {
                NoAgent(step);
                return;
            }
            var ranked = Router.Rank(InTime(step, agents), LabelPreference.Of(step.Step, state.Root));
            if (step.Step.Hedge is { } hedge)
            {
                StartHedged(step, hedge, ranked);
                return;
            }
            var branches = Math.Min(step.Step.Candidates, Fit(ranked));
            FanOut(step, [.. ranked.Take(branches).Select(c => c.Agent)], branches, required: 1);
            StartAttempt(step, 0, Racer(ranked, 0, branches));
            for (var i = 1; i < branches && step.Step.HedgeAfter == TimeSpan.Zero; i++)
            {
                StartAttempt(step, i, Racer(ranked, i, branches));
            }
        }

        private static RoutingDecision Racer(ImmutableArray<RoutingCandidate> ranked, int branch, int branches) =>
            new(ranked[branch].Agent,
                branch == 0 ? $"primary of a race of {branches}" : $"backup {branch} in a race of {branches}", ranked);
    }
}
