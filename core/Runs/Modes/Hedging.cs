using System.Collections.Immutable;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Routing;

namespace AgentGrid.Core.Runs;

// A race whose backups are asked when an attempt that runs takes long, each within the budget of the step.
public static partial class RunMachine
{
    private sealed partial class Turn
    {
        public string? RefuseHedge(RunInput.RefuseHedge input)
        {
            if (Find(input.Step, input.Attempt, out var step) is not { Status: AttemptStatus.Queued, IsHedge: true } attempt)
            {
                return NotHeeded(input.Step, input.Attempt, "refusal");
            }
            Emit(new RunEvent.AttemptCancelled(step.Id, attempt.Number, attempt.Agent, input.Reason)
            {
                Time = now,
                IsRefusedHedge = true,
            });
            // It is no extra attempt any more when all others have failed meanwhile.
            if (IsBackupOfItem(step, attempt))
            {
                StartInPlace(step, step.Branches[attempt.Branch], attempt.Agent);
            }
            else if (NobodyIsLeft(step) && Backup(step) is { } backup)
            {
                StartDueBranch(step, backup);
            }
            CheckQuorum(step);
            return Advance();
        }

        // Whether the run has ended makes no difference.
        public string? ReportStop(RunInput.ReportStop input)
        {
            if (!state.Plan.TryIndexOf(input.Step, out var index)
                || state.Steps[index].Attempts.ElementAtOrDefault(input.Attempt - 1) is not { Receipt: { } receipt } attempt
                || receipt.Knows(input.Stop))
            {
                return $"the end of attempt {input.Attempt} of step '{input.Step}': nobody waits for it, or it is known";
            }
            Emit(new RunEvent.AttemptStopped(input.Step, input.Attempt, attempt.Agent, input.Stop) { Time = now });
            return null;
        }

        // Where there are fewer agents than attempts, one can be its own backup: on another slot, and most often on another node.
        private void StartHedged(StepState step, Hedge hedge, ImmutableArray<RoutingCandidate> ranked)
        {
            var (branches, fit) = (hedge.Max + 1, Fit(ranked));
            FanOut(step, [.. Enumerable.Range(0, branches).Select(i => ranked[i % fit].Agent)], branches, required: 1);
            var why = $"first, with at most {hedge.Max} {(hedge.Max == 1 ? "backup" : "backups")} behind it";
            StartAttempt(step, 0, new RoutingDecision(ranked[0].Agent, why, ranked));
        }

        private void StartWhatIsDue(StepState step, BranchState branch)
        {
            if (!step.Step.IsHedgedRace || !branch.IsUnasked)
            {
                StartDueBranch(step, branch);
                return;
            }
            // That its agent is gone is found out by whoever gives slots: the others run on meanwhile.
            var other = routing.Named(branch.Agent!) switch
            {
                null => NextAgent(step, branch),
                { } load when Fitness(load) < Fittest => NextAgent(step, branch, fitterThan: Fitness(load)),
                _ => null,
            };
            var decision = new RoutingDecision(
                other?.Agent ?? branch.Agent,
                WhyHedged(
                    branch.Index, step.Branches.Count - 1,
                    step.Attempts.FindLast(a => a.Hedge?.At == branch.Due && a.Status == AttemptStatus.Running)),
                other?.Candidates ?? (routing.Named(branch.Agent!) is { } own ? Router.Rank([own]) : []));
            QueueBackup(step, branch, decision);
        }

        private void QueueBackup(StepState step, BranchState branch, RoutingDecision decision) =>
            Emit(new RunEvent.AttemptQueued(step.Id, branch.Index, step.Attempts.Count + 1, decision.Agent!, decision)
            {
                Time = now,
                IsHedge = true,
            });

        private static string WhyHedged(int number, int most, AttemptState? slow) => $"backup {number} of {most}: " + (slow is null
            ? "nobody has answered yet"
            : $"'{slow.Agent}' has not answered within {DurationOf(slow.Hedge!.At!.Value - slow.StartedAt!.Value)} ({slow.Hedge!.Why})");

        // Asked outside of the machine how long that is, and written down: a replay does not ask again.
        private HedgeDue? NextHedge(StepState step, Hedge hedge, int branch, string agent, string node)
        {
            if (step.Step.HasHedgedItems
                ? !MayHaveBackup(step.Branches[branch], hedge)
                : step.Branches.Find(b => b.IsUnasked && b.Index != branch) is not { Due: null })
            {
                return null;
            }
            var delay = routing.HedgeAfter(hedge, step.Id, agent, node);
            return new HedgeDue(now + delay.After, delay.Why);
        }

        // All who were asked have failed for good.
        private static bool NobodyIsLeft(StepState step) =>
            step.Branches.TrueForAll(static b => b.Status == BranchStatus.Failed || b.IsUnasked);
    }

    private static void Stop(RunState state, RunEvent.AttemptStopped e)
    {
        var attempt = state[e.Step].Attempts[e.Attempt - 1];
        attempt.Receipt = attempt.Receipt?.With(e.Stop, e.Time);
    }

    private static void AwaitHedge(RunState state, StepState step, AttemptState attempt, HedgeDue hedge)
    {
        attempt.Hedge = hedge;
        if (step.Step.HasHedgedItems)
        {
            AwaitBackupOfItem(state, step, step.Branches[attempt.Branch], hedge);
        }
        else if (hedge.At is { } due && step.Branches.Find(static b => b.IsUnasked) is { } backup)
        {
            backup.Due = due;
            state.AddTimer(RunTimer.ForBranch(due, step.Index, backup.Index));
        }
    }

    // While nobody runs there is nobody to be slow: whoever starts next says anew how long it is waited for.
    private static void ForgetHedge(StepState step, BranchState of)
    {
        if (step.Step.HasHedgedItems)
        {
            of.HedgeAt = IsRunning(of) ? of.HedgeAt : null;
            return;
        }
        if (step.Step.Hedge is null || step.Attempts.Exists(static a => a.Status == AttemptStatus.Running))
        {
            return;
        }
        foreach (var branch in step.Branches.Where(static b => b.IsUnasked))
        {
            branch.Due = null;
        }
    }
}
