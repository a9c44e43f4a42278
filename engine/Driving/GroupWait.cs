using System.Globalization;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Driving;

/// <summary>Whom of its group a queued run waits for, as its details say it.</summary>
public static class GroupWait
{
    private const int MostNamed = 3;

    /// <summary>The same details, with that.</summary>
    /// <param name="list">Lists runs, newest first.</param>
    public static async ValueTask<RunDetails> AddAsync(RunDetails run, Func<RunQuery, ValueTask<RunPage>> list)
    {
        if (run.Summary is not { Status: RunStatus.Queued, Group: { } group })
        {
            return run;
        }
        var page = await list(new RunQuery(RunStatus.Running, Plan: run.Summary.Plan, Limit: Math.Min(group.Max, 1_000)) { Group = group })
            .ConfigureAwait(false);
        if (page.Runs.Length < Math.Min(group.Max, 1_000))
        {
            return run; // it is about to start, or waits for a place as all others do
        }
        var named = string.Join(", ", page.Runs.Take(MostNamed).Select(static r => r.RunId));
        return run with
        {
            WaitsFor = string.Create(
                CultureInfo.InvariantCulture,
                $"{page.Runs.Length} of {group.Max} runs with {group.Key} = {group.Value} {(page.Runs.Length == 1 ? "is" : "are")} active: " +
                $"{named}{(page.Runs.Length > MostNamed ? ", ..." : "")}"),
        };
    }
}
