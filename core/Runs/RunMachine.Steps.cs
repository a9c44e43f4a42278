using System.Collections.Immutable;
using System.Runtime.InteropServices;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Routing;

namespace AgentGrid.Core.Runs;

public static partial class RunMachine
{
    private sealed partial class Turn
    {
        private void StartStep(StepState step)
        {
            if (step.Step.When is { } when && !when.Evaluate(state.Root))
            {
                SkipStep(step, $"its condition '{when.Text}' is not true");
                return;
            }
            if (step.Step.Wait is { } wait)
            {
                StartWait(step, wait);
                return;
            }
            switch (step.Step.Mode)
            {
                case StepMode.One: StartOne(step); break;
                case StepMode.All: StartAll(step); break;
                case StepMode.Race: StartRace(step); break;
                case StepMode.Each: StartEach(step); break;
                default: throw new InvalidOperationException($"unknown mode {step.Step.Mode}");
            }
        }

        private static int RequiredOf(Step step, int branches) => step.Require.Settles
            ? Math.Max(0, branches - step.MaxFailures.Of(branches))
            : step.Require.Of(branches);

        private void FanOut(StepState step, ImmutableArray<string> agents, int branches, int required) =>
            Emit(new RunEvent.StepFannedOut(step.Id, step.Step.Mode, agents, branches, required) { Time = now });

        private IReadOnlyList<AgentLoad> Matching(StepState step) => step.Step.Named is { } name
            ? routing.Named(name) is { } agent ? [agent] : []
            : routing.Offering(step.Step.Capabilities);

        private RoutingDecision Choose(StepState step) => step.Step.Plan is { } plan
            ? new RoutingDecision(step.Step.Named, $"a run of the plan '{plan}' does the work", [])
            : Router.Best(InTime(step, Matching(step)), Asked(step), LabelPreference.Of(step.Step, state.Root));

        // Where there is a choice: who is known to need longer than an attempt that starts now has. It is written into the
        // decision, so that no replay has to know it.
        private IReadOnlyList<AgentLoad> InTime(StepState step, IReadOnlyList<AgentLoad> agents)
        {
            if (agents.Count < 2)
            {
                return agents;
            }
            var left = state.Deadline - now;
            AgentLoad[]? timed = null;
            for (var i = 0; i < agents.Count; i++)
            {
                var timeout = step.Step.Timeout ?? agents[i].Agent.Timeout;
                if (Lateness.Of(routing.P99Of(step.Id, agents[i].Agent.Name), timeout < left ? timeout : left) is { } late)
                {
                    timed ??= [.. agents];
                    timed[i] = agents[i] with { Late = late };
                }
            }
            return timed ?? agents;
        }

        // A drained agent is asked when nobody else can be: it may be there again before the run's time is over. So is one that
        // fails: it may work again.
        private RoutingDecision UnlessUnfit(StepState step, RoutingDecision decision)
        {
            if (routing.Named(decision.Agent!) is not { } chosen || Fitness(chosen) == Fittest)
            {
                return decision;
            }
            return FitterFallback(step, chosen) is not { } fallback ? decision : new RoutingDecision(
                fallback.Agent.Name, $"fallback, as '{chosen.Agent.Name}' is {Unfitness(chosen)}", Router.Rank([fallback, chosen]));
        }

        private AgentLoad? FitterFallback(StepState step, AgentLoad chosen)
        {
            AgentLoad? best = null;
            foreach (var name in step.Step.Fallback)
            {
                if (routing.Named(name) is { } fallback && Fitness(fallback) > Fitness(best ?? chosen))
                {
                    best = fallback;
                }
            }
            return best;
        }

        private const int Fittest = 2;

        // Of those who could be asked, the fittest are.
        private static int Fitness(AgentLoad agent) => agent.Drained ? 0 : agent.IsAvoided ? 1 : Fittest;

        private static string Unfitness(AgentLoad agent) => agent.Drained ? "drained" : agent.Failing!.Value.InWords();

        // How many of them, the best first, are neither drained nor failing; all that are not drained when every one is.
        private int Fit(ImmutableArray<RoutingCandidate> ranked) =>
            ranked.Count(c => routing.Named(c.Agent) is { Drained: false, IsAvoided: false }) is > 0 and var some ? some : Undrained(ranked);

        // How many of them, the best first, are not drained; all of them when every one is.
        private int Undrained(ImmutableArray<RoutingCandidate> ranked) =>
            ranked.Count(c => routing.Named(c.Agent) is { Drained: false }) is > 0 and var some ? some : ranked.Length;

        private static string Asked(StepState step) => step.Step.Named is { } name
            ? $"'{name}'"
            : string.Join(" or ", step.Step.Capabilities.Select(c => $"'{c}'"));

        private void NoAgent(StepState step)
        {
            var what = step.Step.Agent is { } name
                ? $"there is no enabled agent '{name}'"
                : $"no enabled agent offers {Asked(step)}";
            if (step.Step.OnNone == OnNone.Skip)
            {
                SkipStep(step, what);
                return;
            }
            FailStep(step, new RunError(
                ErrorKind.Routing, ErrorCodes.NoAgent,
                $"Step '{step.Id}' of run '{state.Key}': {what}. Add one to config/agents.yaml, or give the step " +
                "'on_none: skip'."));
        }

        private void SkipStep(StepState step, string reason)
        {
            Emit(new RunEvent.StepSkipped(step.Id, reason) { Time = now });
            MarkReady(step);
        }

        private void FailStep(StepState step, RunError error)
        {
            CancelAttempts(step, "the step failed");
            Emit(new RunEvent.StepFailed(step.Id, error, step.Step.Optional) { Time = now });
            if (step.Step.Optional)
            {
                MarkReady(step);
                return;
            }
            FailRun(error);
        }

        private RunError OutputsTooLarge(StepState step) => new(
            ErrorKind.Error, ErrorCodes.OutputTooLarge,
            $"Step '{step.Id}' of run '{state.Key}': the outputs of its {step.Branches.Count} branches have more than " +
            $"{limits.MaxStepOutputBytes} bytes together, which is the limit (option MaxStepOutputBytes). Let " +
            "its agents return less, for example where to find the rest.", Retryable: false);

        // A step is decided as soon as enough branches have succeeded, or too few can still succeed.
        private void CheckQuorum(StepState step)
        {
            if (step.Status != StepStatus.Running)
            {
                return;
            }
            if (step.Step.Require.Settles)
            {
                CheckSettled(step);
            }
            else if (step.SucceededBranches >= step.Required)
            {
                CancelAttempts(step, step.Step.Mode == StepMode.Race ? "lost the race" : "enough others succeeded");
                Emit(new RunEvent.StepCompleted(step.Id, Winners(step)) { Time = now });
                MarkReady(step);
            }
            else if (step.Step.IsHedgedRace ? NobodyIsLeft(step) : step.Branches.Count - step.FailedBranches < step.Required)
            {
                FailStep(step, QuorumError(step));
            }
        }

        // It ends when all branches have, or when more have failed than may.
        private void CheckSettled(StepState step)
        {
            var most = step.Step.MaxFailures.Of(step.Branches.Count);
            if (step.FailedBranches > most)
            {
                FailStep(step, LastError(step) with
                {
                    Message = $"Step '{step.Id}' of run '{state.Key}': {step.FailedBranches} of {step.Branches.Count} have " +
                        $"failed, and at most {most} may (max_failures); the last one: {LastError(step).Message}",
                });
            }
            else if (step.SucceededBranches + step.FailedBranches == step.Branches.Count)
            {
                Emit(new RunEvent.StepCompleted(step.Id, Winners(step)) { Time = now });
                MarkReady(step);
            }
        }

        // Where it was thrown stays with its attempt.
        private static RunError LastError(StepState step) =>
            step.Attempts.Last(a => a.Error is not null).Error! with { Detail = null };

        private static ImmutableArray<int> Winners(StepState step)
        {
            var successes = CountedSuccesses(step);
            successes.Sort(static (a, b) => (a.Branch, a.Number).CompareTo((b.Branch, b.Number)));
            var winners = new int[successes.Count];
            for (var i = 0; i < winners.Length; i++)
            {
                winners[i] = successes[i].Number;
            }
            return ImmutableCollectionsMarshal.AsImmutableArray(winners);
        }

        private RunError QuorumError(StepState step)
        {
            var last = LastError(step);
            return step.Branches.Count == 1 || (step.Step.IsHedgedRace && step.FailedBranches == 1)
                ? last
                : last with
                {
                    Message = $"Step '{step.Id}' of run '{state.Key}' needs {step.Required} of {step.Branches.Count} " +
                        $"to succeed; {step.FailedBranches} failed, the last one: {last.Message}",
                };
        }
    }
}
