using AgentGrid.Core.Routing;

namespace AgentGrid.Core.Runs;

public static partial class RunMachine
{
    // Mode all: every agent that matches is asked, and enough of them must succeed.
    private sealed partial class Turn
    {
        private void StartAll(StepState step)
        {
            var agents = Matching(step);
            if (agents.Count == 0)
            {
                NoAgent(step);
                return;
            }
            var ranked = Router.Rank(agents);
            FanOut(step, [.. ranked.Select(c => c.Agent)], ranked.Length, step.Step.Require.Of(ranked.Length));
            for (var i = 0; i < ranked.Length; i++)
            {
                if (step.Branches[i].Status == BranchStatus.Waiting)
                {
                    StartAttempt(step, i, new RoutingDecision(ranked[i].Agent, "every matching agent is asked", ranked));
                }
            }
            CheckQuorum(step);
        }
    }
}
