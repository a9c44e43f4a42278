using AgentGrid.Core.Config;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Grid;

/// <summary>A schedule, and where it stands.</summary>
/// <param name="Cron">Its times, as configured.</param>
/// <param name="CatchUp">How many of the newest ticks are made up for after no process was running.</param>
/// <param name="NextTick">In UTC; null while it is paused, and when no tick is left.</param>
/// <param name="LastRun">The newest of its runs that is kept; null when there is none.</param>
public sealed record ScheduleDetails(
    string Name, string Cron, string TimeZone, string Plan, Overlap Overlap, int CatchUp, bool Paused,
    DateTimeOffset? NextTick, RunSummary? LastRun)
{
    /// <summary>Every schedule, by name, without its last run.</summary>
    public static IEnumerable<ScheduleDetails> Of(GridConfig config, DateTimeOffset now) => config.Schedules.Values.Select(
        s => new ScheduleDetails(
            s.Name, s.Cron, s.TimeZone, s.Plan, s.Overlap, s.CatchUp, s.Paused, s.Paused ? null : s.NextAfter(now), null));
}
