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
            var branches = Undrained(ranked);
            FanOut(step, [.. ranked.Take(branches).Select(c => c.Agent)], branches, RequiredOf(step.Step, branches));
            for (var i = 0; i < branches; i++)
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
