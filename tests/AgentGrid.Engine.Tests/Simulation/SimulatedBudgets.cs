using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Slots;
using AgentGrid.Simulation.Clock;

namespace AgentGrid.Engine.Tests.Simulation;

/// <summary>The budgets of one life of the dispatcher, and beside them all that has started in it, to see that they hold.</summary>
internal sealed class SimulatedBudgets(World world)
{
    private readonly HedgeBudgets _budgets = new(new SlotClock(new SimulatedTime(world.Clock)));
    private readonly List<(HedgedStep Step, TimeSpan At)> _started = [];

    /// <summary>Why an attempt of a step may not start; null when it may, and then it does.</summary>
    public string? Refusal(HedgedStep step)
    {
        if (step.IsBackup && world.Mistake != Mistake.IgnoresBudgets && _budgets.Refusal(step) is { } reason)
        {
            return reason;
        }
        _budgets.Count(step);
        _started.Add((step, world.Clock.Now));
        if (step.IsBackup)
        {
            Check(step);
        }
        return null;
    }

    // What the documents promise: the share of the others of ten minutes, and one in any case, in any nine minutes.
    private void Check(HedgedStep step)
    {
        int Within(TimeSpan time, bool areBackups) => _started.Count(s =>
            s.Step.Step == step.Step && s.Step.IsBackup == areBackups && s.At > world.Clock.Now - time);

        var others = Within(HedgeBudgets.Window, areBackups: false);
        var backups = Within(HedgeBudgets.Window * ((HedgeBudgets.Parts - 1) / (double)HedgeBudgets.Parts), areBackups: true);
        world.Check(
            backups <= Math.Max(1, others * (step.BudgetPercent / 100)),
            $"{step.Step} has {backups} backups beside {others} other attempts, and a budget of {step.BudgetPercent}%");
        world.Backups++;
    }
}
