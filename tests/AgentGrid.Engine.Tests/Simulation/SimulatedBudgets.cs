using AgentGrid.Core.Plans;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Slots;
using AgentGrid.Simulation.Clock;

namespace AgentGrid.Engine.Tests.Simulation;

/// <summary>The budgets of one life of the dispatcher, and beside them all that has started in it, to see that they hold.</summary>
internal sealed class SimulatedBudgets(World world)
{
    private readonly HedgeBudgets _budgets = new(new SlotClock(new SimulatedTime(world.Clock)));
    private readonly List<Start> _started = [];

    /// <summary>Why an attempt of a step may not start; null when it may, and then it does.</summary>
    /// <param name="key">Of its slot.</param>
    /// <param name="hasGpu">Its agent occupies a GPU.</param>
    public string? Refusal(string key, HedgedStep step, bool hasGpu)
    {
        var asked = world.Mistake == Mistake.CountsNoGpuSeconds && hasGpu
            ? step with { Budget = step.Budget with { AttemptsPercent = step.Budget.AttemptsPercent ?? 1_000_000, GpuSecondsPercent = null } }
            : step;
        if (step.IsBackup && world.Mistake != Mistake.IgnoresBudgets && _budgets.Refusal(asked, hasGpu) is { } reason)
        {
            return reason;
        }
        if (step.IsBackup)
        {
            Check(step, hasGpu);
        }
        _started.Add(new Start(key, step, world.Clock.Now, hasGpu, _budgets.Count(step, hasGpu)));
        return null;
    }

    /// <summary>A slot is given back.</summary>
    public void End(string key)
    {
        if (_started.FindLast(s => s.Key == key && s.EndedAt is null) is { } start)
        {
            start.Time?.End();
            start.EndedAt = world.Clock.Now;
        }
    }

    // What the documents promise: the share of the others of a window, and one in any case, in nine tenths of it.
    private void Check(HedgedStep step, bool hasGpu)
    {
        var (window, surely) = (step.Budget.Window, step.Budget.Window * (HedgeBudgets.Parts - 1) / HedgeBudgets.Parts);
        int Within(TimeSpan time, bool areBackups) => _started.Count(s =>
            s.Step.Step == step.Step && s.Step.Budget.Window == window && s.Step.IsBackup == areBackups && s.At > world.Clock.Now - time);
        double Seconds(TimeSpan time, bool areBackups) => _started
            .Where(s => s.Step.Step == step.Step && s.Step.Budget.Window == window && s.Step.IsBackup == areBackups && s.Time is not null
                && !(s.EndedAt <= world.Clock.Now - time))
            .Sum(s => ((s.EndedAt ?? world.Clock.Now) - s.At).TotalSeconds);

        var (others, backups) = (Within(window, areBackups: false), Within(surely, areBackups: true));
        var attempts = step.Budget.AttemptsPercent ?? (hasGpu ? null : HedgeBudget.DefaultAttempts);
        world.Check(
            attempts is not { } percent || backups + 1 <= Math.Max(1, others * (percent / 100)),
            $"{step.Step} has {backups + 1} backups beside {others} other attempts, and a budget of {step.Budget}");
        var (used, allowed) = (Seconds(surely, areBackups: true), Seconds(window, areBackups: false) * (step.Budget.GpuSecondsPercent / 100));
        world.Check(
            !hasGpu || backups == 0 || !(used > allowed + 1e-6),
            $"{step.Step} has a backup more, and of {allowed} GPU-seconds {used} are used");
        world.Backups++;
    }

    private sealed record Start(string Key, HedgedStep Step, TimeSpan At, bool HasGpu, GpuTime? Time)
    {
        public TimeSpan? EndedAt { get; set; }
    }
}
