using System.Globalization;
using AgentGrid.Engine.Driving;

namespace AgentGrid.Engine.Slots;

/// <summary>
/// How many backups steps have had, and how many other attempts, within the last minutes: counted where slots are granted. A step
/// may have one backup in a window in any case, or else one that seldom runs would never have any. Guarded by the table's lock.
/// </summary>
internal sealed class HedgeBudgets(SlotClock clock)
{
    /// <summary>How long an attempt counts; at least all but one of <see cref="Parts"/> of it.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    /// <summary>In how many parts the window moves on.</summary>
    public const int Parts = 10;

    /// <summary>Of so many steps budgets are counted; of those that ran longest ago they are forgotten first.</summary>
    public const int MostSteps = 10_000;

    private static readonly long s_part = Window.Ticks / Parts;

    private readonly Dictionary<string, Usage> _steps = new(StringComparer.Ordinal);

    /// <summary>Why a backup may not start now; null when it may.</summary>
    public string? Refusal(HedgedStep step)
    {
        var usage = Of(step.Step);
        var allowed = Allowed(step.BudgetPercent, usage.Others);
        return usage.Backups < allowed ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"the hedge budget of {step.BudgetPercent}% is used up: {usage.Backups} of {allowed} backups for {usage.Others} other attempts " +
            $"within {Window.TotalMinutes:0} minutes");
    }

    /// <summary>How many backups there may be beside some other attempts.</summary>
    public static int Allowed(double percent, int others) => Math.Max(1, (int)(others * (percent / 100)));

    /// <summary>An attempt starts.</summary>
    public void Count(HedgedStep step) => Of(step.Step).Add(step.IsBackup);

    private Usage Of(string step)
    {
        var part = clock.Now / s_part;
        if (!_steps.TryGetValue(step, out var usage))
        {
            if (_steps.Count >= MostSteps)
            {
                MakeRoom(part);
            }
            _steps.Add(step, usage = new Usage());
        }
        usage.MoveTo(part);
        return usage;
    }

    private void MakeRoom(long part)
    {
        var old = _steps.Where(s => s.Value.Part <= part - Parts).Select(static s => s.Key).ToArray();
        foreach (var step in old.Length > 0 ? old : [_steps.MinBy(static s => s.Value.Part).Key])
        {
            _steps.Remove(step);
        }
    }

    private sealed class Usage
    {
        private readonly int[] _others = new int[Parts];
        private readonly int[] _backups = new int[Parts];

        /// <summary>The part of time that is counted in now.</summary>
        public long Part { get; private set; }

        public int Others { get; private set; }

        public int Backups { get; private set; }

        public void Add(bool isBackup)
        {
            var index = Part % Parts;
            if (isBackup)
            {
                _backups[index]++;
                Backups++;
            }
            else
            {
                _others[index]++;
                Others++;
            }
        }

        public void MoveTo(long part)
        {
            for (var passed = Math.Min(part - Part, Parts); passed > 0; passed--)
            {
                var index = (part - passed + 1) % Parts;
                Others -= _others[index];
                Backups -= _backups[index];
                (_others[index], _backups[index]) = (0, 0);
            }
            Part = Math.Max(Part, part);
        }
    }
}
