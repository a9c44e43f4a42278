using System.Collections.Immutable;
using AgentGrid.Api.Runs;
using AgentGrid.Core.Config;
using AgentGrid.Core.Grid;

namespace AgentGrid.Api.Grid;

/// <summary>
/// A schedule, and where it stands. CatchUp: how many of the newest ticks are made up for that came while nobody was there.
/// NextTick: absent while it is paused. LastRun: the newest of its runs that is kept; absent when there is none.
/// </summary>
public sealed record ScheduleView(
    string Name, string Cron, string TimeZone, string Plan, Overlap Overlap, int CatchUp, bool Paused, DateTimeOffset? NextTick,
    RunLine? LastRun)
{
    public static ScheduleView Of(ScheduleDetails schedule) => new(
        schedule.Name, schedule.Cron, schedule.TimeZone, schedule.Plan, schedule.Overlap, schedule.CatchUp, schedule.Paused,
        schedule.NextTick, schedule.LastRun is { } run ? RunLine.Of(run) : null);
}

/// <summary>Every schedule, by name.</summary>
public sealed record ScheduleList(ImmutableArray<ScheduleView> Schedules);
