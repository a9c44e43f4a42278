using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Slots;

namespace AgentGrid.Engine.Tests.Slots;

// Backups of steps with a budget: all that has started is known here too, to see that the budgets hold.
internal sealed partial class SlotSimulation
{
    // What started within this time counts in any case.
    private static readonly TimeSpan s_surely = HedgeBudgets.Window * (HedgeBudgets.Parts - 1) / HedgeBudgets.Parts;

    private readonly List<(string Step, bool IsBackup, TimeSpan At)> _started = [];

    private void OnRefused(Asker asker)
    {
        Note($"  {asker} is refused as a backup");
        Count("a backup over its budget");
        That(asker.Stage == Stage.Waiting, $"{asker} is refused, and does not wait");
        That(asker.Hedged is { IsBackup: true }, $"{asker} is refused as a backup, and is none");
        var (backups, _) = Within(HedgeBudgets.Window, asker.Hedged!);
        var (_, others) = Within(s_surely, asker.Hedged!);
        That(
            backups >= Math.Max(1, (int)(others * (asker.Hedged!.BudgetPercent / 100))),
            $"{asker} is refused with {backups} backups within ten minutes beside {others} others within nine");
        asker.IsRefused = true;
        asker.Stage = Stage.Over;
    }

    private void OnStarted(HedgedStep? step)
    {
        if (step is null)
        {
            return;
        }
        _started.Add((step.Step, step.IsBackup, _time.Passed));
        if (!step.IsBackup)
        {
            return;
        }
        Count("a backup within its budget");
        var (backups, _) = Within(s_surely, step);
        var (_, others) = Within(HedgeBudgets.Window, step);
        That(
            backups <= Math.Max(1, others * (step.BudgetPercent / 100)),
            $"'{step.Step}' has {backups} backups within nine minutes beside {others} others within ten, and a budget of {step.BudgetPercent}%");
    }

    private (int Backups, int Others) Within(TimeSpan time, HedgedStep step)
    {
        var these = _started.Where(s => s.Step == step.Step && s.At > _time.Passed - time).ToList();
        return (these.Count(static s => s.IsBackup), these.Count(static s => !s.IsBackup));
    }

    private HedgedStep? AnyHedged(bool canBeBackup) => _random.Next(3) == 0
        ? null
        : new HedgedStep($"p/s{_random.Next(2)}", _random.Next(2) == 0 ? 20 : 50, canBeBackup && _random.Next(2) == 0);

    private void PassTime()
    {
        var time = TimeSpan.FromSeconds(_random.Next(_random.Next(6) == 0 ? 700 : 60));
        Note($"{time} passes");
        _time.Advance(time);
    }
}
