using System.Globalization;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Plans;
using AgentGrid.Engine.Driving;

namespace AgentGrid.Engine.Slots;

/// <summary>
/// How many backups steps have had, and how many other attempts, within the last minutes, and for how long they have had a GPU: counted
/// where slots are granted. A step may have one backup in a window in any case, or else one that seldom runs would never have any. Guarded
/// by the table's lock.
/// </summary>
internal sealed class HedgeBudgets(SlotClock clock)
{
    /// <summary>In how many parts the window moves on: an attempt counts for at least all but one of them.</summary>
    public const int Parts = HedgeUse.Parts;

    /// <summary>Of so many steps budgets are counted; of those that ran longest ago they are forgotten first.</summary>
    public const int MostSteps = 10_000;

    private readonly Dictionary<(string Step, TimeSpan Window), HedgeUse> _steps = [];

    /// <summary>Why a backup may not start now; null when it may.</summary>
    /// <param name="hasGpu">Its agent occupies a GPU.</param>
    public string? Refusal(HedgedStep step, bool hasGpu)
    {
        var (use, budget) = (Of(step), step.Budget);
        // Where GPU-seconds alone say how much, whoever has none would be free of any budget.
        if ((budget.AttemptsPercent ?? (hasGpu ? null : HedgeBudget.DefaultAttempts)) is { } percent && RefusalByCount(use, percent) is { } refusal)
        {
            return $"{refusal} within {InWords(budget.Window)}";
        }
        return hasGpu && budget.GpuSecondsPercent is { } share && RefusalByGpu(use, share) is { } byGpu
            ? $"{byGpu} within {InWords(budget.Window)}"
            : null;
    }

    /// <summary>How many backups there may be beside some other attempts.</summary>
    public static int Allowed(double percent, int others) => Math.Max(1, (int)(others * (percent / 100)));

    /// <summary>An attempt starts.</summary>
    /// <returns>What is to be told when it gives its GPU back; null where that counts in no budget.</returns>
    public GpuTime? Count(HedgedStep step, bool hasGpu)
    {
        var use = Of(step);
        use.Add(step.IsBackup);
        return hasGpu && step.Budget.GpuSecondsPercent is not null ? use.Begin(step.IsBackup) : null;
    }

    private static string? RefusalByCount(HedgeUse use, double percent)
    {
        var (backups, others) = (use.Backups, use.Others);
        var allowed = Allowed(percent, others);
        return backups < allowed ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"the hedge budget of {percent}% is used up: {backups} of {allowed} backups for {others} other attempts");
    }

    private static string? RefusalByGpu(HedgeUse use, double percent)
    {
        if (use.Backups == 0)
        {
            return null;
        }
        var (backups, others, typical) = (use.BackupGpuSeconds, use.OtherGpuSeconds, use.TypicalGpuSeconds);
        var allowed = others * (percent / 100);
        return backups + typical <= allowed && backups < allowed ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"the hedge budget of {percent}% of GPU-seconds is used up: {backups:0.#} of {allowed:0.#} by backups, of which one more takes " +
            $"about {typical:0.#}, beside {others:0.#} of other attempts");
    }

    private static string InWords(TimeSpan window) => window switch
    {
        { TotalMinutes: 1 } => "1 minute",
        { Ticks: var ticks } when ticks % TimeSpan.TicksPerMinute == 0 && window < TimeSpan.FromHours(1) => $"{window.Minutes} minutes",
        _ => DurationText.Format(window),
    };

    private HedgeUse Of(HedgedStep step)
    {
        var key = (step.Step, step.Budget.Window);
        if (!_steps.TryGetValue(key, out var use))
        {
            if (_steps.Count >= MostSteps)
            {
                MakeRoom();
            }
            _steps.Add(key, use = new HedgeUse(clock, step.Budget.Window));
        }
        use.MoveOn();
        return use;
    }

    private void MakeRoom()
    {
        var old = _steps.Where(static s => s.Value.IsOver).Select(static s => s.Key).ToArray();
        foreach (var step in old.Length > 0 ? old : [_steps.MinBy(static s => s.Value.LastUsed).Key])
        {
            _steps.Remove(step);
        }
    }
}
