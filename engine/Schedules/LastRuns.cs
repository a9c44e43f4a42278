using System.Collections.Immutable;
using AgentGrid.Core.Grid;

namespace AgentGrid.Engine.Schedules;

/// <summary>The last runs of schedules.</summary>
public static class LastRuns
{
    /// <summary>Adds to each schedule the newest of its runs.</summary>
    public static async ValueTask<ImmutableArray<ScheduleDetails>> AddAsync(
        IEnumerable<ScheduleDetails> schedules, Func<RunQuery, ValueTask<RunPage>> list)
    {
        var all = ImmutableArray.CreateBuilder<ScheduleDetails>();
        foreach (var schedule in schedules)
        {
            var newest = (await list(new RunQuery(MatchId: schedule.Name, Limit: 1)).ConfigureAwait(false)).Runs;
            all.Add(schedule with { LastRun = newest.FirstOrDefault() });
        }
        return all.ToImmutable();
    }
}
