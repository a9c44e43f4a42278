using AgentGrid.Core.Plans;
using AgentGrid.Core.Routing;

namespace AgentGrid.Core.Runs;

// Backups of single items in mode each. An item stays one branch, with the number of its place in the list: beside the attempt that it goes
// by, which is retried and has its fallbacks as ever, it may have backups, which have neither.
public static partial class RunMachine
{
    private sealed partial class Turn
    {
        private void StartBackupOfItem(StepState step, BranchState item)
        {
            var slow = OpenOf(item).LastOrDefault(a => a.Hedge?.At == item.HedgeAt && a.Status == AttemptStatus.Running);
            // There is one that runs: else none would be foreseen.
            var own = (slow ?? OpenOf(item).First(static a => a.Status == AttemptStatus.Running)).Agent;
            var why = WhyHedged(BackupsOf(item) + 1, step.Step.Hedge!.Max, slow);
            QueueBackup(step, item, OtherFor(step, item, why)
                ?? new RoutingDecision(own, why, routing.Named(own) is { } load ? Router.Rank([load]) : []));
        }

        // The best of those that have nothing to do with the item yet.
        private RoutingDecision? OtherFor(StepState step, BranchState item, string why)
        {
            bool IsNew(string agent) => !item.Asked.Contains(agent) && item.Backups?.Exists(b => b.Agent == agent) != true;
            var others = Matching(step).Where(a => IsNew(a.Agent.Name) && Fitness(a) == Fittest).ToList();
            return others.Count == 0 ? null : Router.Rank(InTime(step, others), LabelPreference.Of(step.Step, state.Root)) switch
            {
                var ranked => new RoutingDecision(ranked[0].Agent, why, ranked),
            };
        }

        private string? PassOnBackup(StepState step, BranchState item, AttemptState attempt)
        {
            if (OtherFor(step, item, $"asked in place of '{attempt.Agent}', which is drained") is not { } other)
            {
                return $"'{attempt.Agent}' is drained, and nobody else can be asked: attempt {attempt.Number} of step " +
                    $"'{step.Id}' goes on waiting";
            }
            Emit(new RunEvent.AttemptCancelled(
                step.Id, attempt.Number, attempt.Agent,
                $"'{attempt.Agent}' was drained while it waited for a slot; '{other.Agent}' is asked")
            { Time = now });
            QueueBackup(step, item, other);
            return Advance();
        }

        // It was refused as a backup; where all others have failed meanwhile it is none.
        private void StartInPlace(StepState step, BranchState item, string agent)
        {
            if (!IsLeftAlone(item))
            {
                return;
            }
            var decision = routing.Named(agent) is { } load
                ? new RoutingDecision(agent, $"asked in place of '{item.Asked.LastOrDefault()}', which has failed", Router.Rank([load]))
                : NextAgent(step, item);
            if (decision is null)
            {
                NoAgentLeft(step, agent);
                return;
            }
            StartAttempt(step, item.Index, decision);
        }

        private void CancelRestOfItem(StepState step, BranchState item)
        {
            if (!step.Step.HasHedgedItems)
            {
                return;
            }
            foreach (var attempt in OpenOf(item).ToArray())
            {
                Emit(new RunEvent.AttemptCancelled(step.Id, attempt.Number, attempt.Agent, "lost the race") { Time = now });
            }
        }

        private static bool MayHaveBackup(BranchState item, Hedge hedge) => item.HedgeAt is null && BackupsOf(item) < hedge.Max;
    }

    private static bool IsBackupOfItem(StepState step, AttemptState attempt) => attempt.IsHedge && step.Step.HasHedgedItems;

    // Its first attempt has failed for good, and no backup is open, but perhaps one.
    private static bool IsLeftAlone(BranchState item, AttemptState? but = null) =>
        item is { Status: BranchStatus.Waiting, Due: null } && OpenOf(item).All(a => a == but);

    private static bool HasOpenBackup(BranchState item) => item.Backups?.Exists(static b => b.Status.IsOpen()) == true;

    private static bool IsRunning(BranchState item) => OpenOf(item).Any(static a => a.Status == AttemptStatus.Running);

    private static int BackupsOf(BranchState item) => item.Backups?.Count ?? 0;

    private static IEnumerable<AttemptState> OpenOf(BranchState item)
    {
        IEnumerable<AttemptState> first = item.First is { } attempt ? [attempt] : [];
        return first.Concat(item.Backups ?? []).Where(static a => a.Status.IsOpen());
    }

    private static void AddToItem(BranchState item, AttemptState attempt, bool isBackup)
    {
        if (isBackup)
        {
            (item.Backups ??= []).Add(attempt);
            item.HedgeAt = null;
        }
        else
        {
            item.First = attempt;
        }
    }

    private static void AwaitBackupOfItem(RunState state, StepState step, BranchState item, HedgeDue hedge)
    {
        if (hedge.At is { } due)
        {
            item.HedgeAt = due;
            state.AddTimer(RunTimer.ForHedge(due, step.Index, item.Index));
        }
    }

    // Whoever has never had a slot for it has not been asked, and can be yet.
    private static void CancelBackup(BranchState item, AttemptState attempt, RunEvent.AttemptCancelled e)
    {
        if (attempt.StartedAt is null)
        {
            item.Backups!.Remove(attempt);
            item.AllTries--;
            attempt.IsRefusedHedge = e.IsRefusedHedge;
        }
    }
}
