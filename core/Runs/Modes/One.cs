using AgentGrid.Core.Routing;

namespace AgentGrid.Core.Runs;

public static partial class RunMachine
{
    // Mode one: the agent that is best suited is asked, and then its fallbacks.
    private sealed partial class Turn
    {
        private void StartOne(StepState step)
        {
            var decision = Choose(step);
            if (decision.Agent is null)
            {
                NoAgent(step);
                return;
            }
            StartAttempt(step, 0, UnlessUnfit(step, decision));
        }
    }
}
