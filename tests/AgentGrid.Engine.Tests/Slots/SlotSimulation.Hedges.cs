using AgentGrid.Core.Plans;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Slots;

namespace AgentGrid.Engine.Tests.Slots;

// Backups of steps with a budget: all that has started is known here too, to see that the budgets hold.
internal sealed partial class SlotSimulation
{
    private static readonly TimeSpan s_window = HedgeBudget.DefaultWindow;

    // What started within this time counts in any case.
    private static readonly TimeSpan s_surely = s_window * (HedgeBudgets.Parts - 1) / HedgeBudgets.Parts;

    private readonly List<Start> _started = [];

    private void OnRefused(Asker asker)
    {
        Note($"  {asker} is refused as a backup");
        That(asker.Stage == Stage.Waiting, $"{asker} is refused, and does not wait");
        That(asker.Hedged is { IsBackup: true }, $"{asker} is refused as a backup, and is none");
        var (step, hasGpu) = (asker.Hedged!, HasGpu(asker.Agent));
        var (backups, _) = Within(s_window, step);
        var (_, others) = Within(s_surely, step);
        var isOverCount = AttemptsOf(step, hasGpu) is { } percent && backups >= Math.Max(1, (int)(others * (percent / 100)));
        Count(isOverCount ? "a backup over its budget" : Rarest[0]);
        That(
            isOverCount || (hasGpu && step.Budget.GpuSecondsPercent is not null && backups > 0),
            $"{asker} is refused with {backups} backups within ten minutes beside {others} others within nine");
        asker.IsRefused = true;
        asker.Stage = Stage.Over;
    }

    private void OnStarted(HedgedStep? step, string agent, TakenSlot slot)
    {
        if (step is null)
        {
            return;
        }
        NoteEnds();
        if (step.IsBackup)
        {
            Count("a backup within its budget");
            CheckBackup(step, HasGpu(agent));
        }
        _started.Add(new Start(step.Step, step.IsBackup, _time.Passed, HasGpu(agent), slot));
    }

    private void CheckBackup(HedgedStep step, bool hasGpu)
    {
        var (backups, _) = Within(s_surely, step);
        var (_, others) = Within(s_window, step);
        That(
            AttemptsOf(step, hasGpu) is not { } percent || backups + 1 <= Math.Max(1, others * (percent / 100)),
            $"'{step.Step}' has {backups + 1} backups within nine minutes beside {others} others within ten, and a budget of {step.Budget}");
        if (hasGpu && backups > 0 && step.Budget.GpuSecondsPercent is { } share)
        {
            var (used, allowed) = (GpuSeconds(s_surely, step, areBackups: true), GpuSeconds(s_window, step, areBackups: false) * (share / 100));
            That(used <= allowed + 1e-6, $"backups of '{step.Step}' have had {used} GPU-seconds where {allowed} are allowed, and one more starts");
        }
    }

    private static double? AttemptsOf(HedgedStep step, bool hasGpu) =>
        step.Budget.AttemptsPercent ?? (hasGpu ? null : HedgeBudget.DefaultAttempts);

    private bool HasGpu(string agent) => _agents[agent].Resources.GpuMemoryBytes > 0;

    private (int Backups, int Others) Within(TimeSpan time, HedgedStep step)
    {
        var these = _started.Where(s => s.Step == step.Step && s.At > _time.Passed - time).ToList();
        return (these.Count(static s => s.IsBackup), these.Count(static s => !s.IsBackup));
    }

    // Of what has ended within a time, and of what runs.
    private double GpuSeconds(TimeSpan time, HedgedStep step, bool areBackups) => _started
        .Where(s => s.Step == step.Step && s.IsBackup == areBackups && s.HasGpu && !(s.EndedAt <= _time.Passed - time))
        .Sum(s => ((s.EndedAt ?? _time.Passed) - s.At).TotalSeconds);

    // Between two looks no time passes.
    private void NoteEnds()
    {
        foreach (var start in _started.Where(s => s.EndedAt is null && !_held.Exists(h => h.Slot == s.Slot)))
        {
            start.EndedAt = _time.Passed;
        }
    }

    private HedgedStep? AnyHedged(bool canBeBackup)
    {
        if (_random.Next(3) == 0)
        {
            return null;
        }
        // Of one step all say the same.
        var step = _random.Next(3);
        return new HedgedStep($"p/s{step}", step switch
        {
            0 => new HedgeBudget { AttemptsPercent = 20 },
            1 => new HedgeBudget { AttemptsPercent = null, GpuSecondsPercent = 2 },
            _ => new HedgeBudget { AttemptsPercent = 100, GpuSecondsPercent = 5 },
        }, canBeBackup && _random.Next(2) == 0);
    }

    private void PassTime()
    {
        var time = TimeSpan.FromSeconds(_random.Next(_random.Next(6) == 0 ? 700 : 60));
        Note($"{time} passes");
        NoteEnds();
        _time.Advance(time);
    }

    private sealed record Start(string Step, bool IsBackup, TimeSpan At, bool HasGpu, TakenSlot Slot)
    {
        public TimeSpan? EndedAt { get; set; }
    }
}
