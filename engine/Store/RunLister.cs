using System.Collections.Immutable;
using System.Globalization;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Store;

/// <summary>Lists of runs, newest first; but for damaged ones, which are reported.</summary>
/// <param name="latest">Lays what is known in memory of a run over what is kept; null where nothing is.</param>
public sealed class RunLister(
    IRunSource source, DamageText text, DamageLog log, Func<RunSummary, RunSummary>? latest = null)
{
    private const int MostRuns = 1_000;
    private const int RunsAtOnce = 500;

    /// <summary>One page; from the cursor on, where the query has one.</summary>
    /// <exception cref="FormatException">The cursor was not made here.</exception>
    public async Task<RunPage> ListAsync(RunQuery query)
    {
        var limit = Math.Clamp(query.Limit, 1, MostRuns);
        var before = Parse(query.Cursor);
        var runs = ImmutableArray.CreateBuilder<RunSummary>();
        var (atOnce, looks) = (limit + 1, 0);
        while (true)
        {
            var found = await source.ReadRunsAsync(query, before, atOnce).ConfigureAwait(false);
            foreach (var listed in found)
            {
                if (runs.Count == limit || looks >= RunQuery.MostLooks)
                {
                    return new RunPage(runs.ToImmutable(), before.ToString(CultureInfo.InvariantCulture));
                }
                before = listed.Number;
                looks++;
                if (SummaryOf(listed) is not { } run || !query.Matches(run))
                {
                    continue;
                }
                looks += query.Agent is not null && run.Agents is null ? RunQuery.LooksOfEvents : 0;
                if (await HasAgentAsync(run, query.Agent).ConfigureAwait(false))
                {
                    runs.Add(run);
                }
            }
            if (found.Count < atOnce)
            {
                return new RunPage(runs.ToImmutable(), null);
            }
            atOnce = Math.Max(atOnce, RunsAtOnce);
        }
    }

    private RunSummary? SummaryOf(ListedRun listed)
    {
        if (listed.Run is { } run)
        {
            return latest is null ? run.Summary : latest(run.Summary);
        }
        log.Report(listed.Damage!);
        return null;
    }

    private async ValueTask<bool> HasAgentAsync(RunSummary run, string? agent) => agent is null
        || (run.Agents ?? await AgentsOfAsync(run.RunId).ConfigureAwait(false)).Contains(agent);

    // By its events, where a version kept it that did not say it in the run's line.
    private async Task<AgentSet> AgentsOfAsync(RunId run)
    {
        var (agents, after) = (AgentSet.None, 0L);
        while (true)
        {
            var page = await source.ReadTurnsAsync(new FeedQuery(RunId: run), after, StoreReader.ReplayedAtOnce)
                .ConfigureAwait(false);
            foreach (var turn in page.Turns)
            {
                after = turn.Last;
                try
                {
                    agents = turn.Open(text).Events.Aggregate(agents, static (known, e) => known.With(e));
                }
                catch (DamageException damage)
                {
                    log.Report(damage); // what is whole of the run still says who had an attempt
                }
            }
            if (page.AtEnd)
            {
                return agents;
            }
        }
    }

    private static long Parse(string? cursor) => cursor is null ? long.MaxValue
        : long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var before) ? before
        : throw new FormatException(
            $"'{Names.Shorten(cursor)}' is not a cursor: pass on the 'next' of the previous page.");
}
