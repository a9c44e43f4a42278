using System.Collections.Immutable;
using System.Globalization;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Embedded.Runs;

namespace AgentGrid.Embedded;

/// <summary>Lists runs: the journal's rows, with what is known of active runs laid over them.</summary>
internal sealed class RunList
{
    private const int MostRuns = 1_000;
    private const int RowsAtOnce = 500;

    private readonly EmbeddedEngine _engine;
    private readonly RunQuery _query;
    private int _looks;

    private RunList(EmbeddedEngine engine, RunQuery query) => (_engine, _query) = (engine, query);

    /// <exception cref="FormatException">The cursor was not made here.</exception>
    public static RunPage Read(EmbeddedEngine engine, RunQuery query) => new RunList(engine, query).Read();

    private RunPage Read()
    {
        var limit = Math.Clamp(_query.Limit, 1, MostRuns);
        var before = Parse(_query.Cursor);
        var runs = ImmutableArray.CreateBuilder<RunSummary>();
        var atOnce = limit + 1;
        while (true)
        {
            var rows = _engine.Reader.List(_query, before, atOnce);
            foreach (var row in rows)
            {
                if (runs.Count == limit || _looks >= RunQuery.MostLooks)
                {
                    return new RunPage(runs.ToImmutable(), before.ToString(CultureInfo.InvariantCulture));
                }
                before = row.Ref.Row;
                // Whether an active run is queued or running is known in memory alone.
                var summary = row.IsActive ? _engine.Find(row.Ref.Id)?.Summary ?? row.Summary : row.Summary;
                if (IsAsked(row, summary))
                {
                    runs.Add(summary);
                }
            }
            if (rows.Count < atOnce)
            {
                return new RunPage(runs.ToImmutable(), null);
            }
            atOnce = Math.Max(atOnce, RowsAtOnce);
        }
    }

    private bool IsAsked(RunRow row, RunSummary run)
    {
        _looks++;
        return (_query.Status is null || _query.Status == run.Status) && IsDoing(run, _query.Activity)
            && (_query.Agent is not { } agent || AgentsOf(row, run).Contains(agent));
    }

    // The row of a run that has just ended may have been read before it did, and one of an older journal says nothing.
    private AgentSet AgentsOf(RunRow row, RunSummary run)
    {
        if (run.Agents is { } known)
        {
            return known;
        }
        _looks += RunQuery.LooksOfEvents;
        return _engine.Reader.AgentsOf(row);
    }

    private static bool IsDoing(RunSummary run, RunActivity? activity) => activity switch
    {
        null => true,
        RunActivity.WaitingForSlot => run.WaitingAttempts > 0,
        RunActivity.Retrying => run.RetryingBranches > 0,
        _ => throw new ArgumentOutOfRangeException(nameof(activity), activity, "unknown activity"),
    };

    private static long Parse(string? cursor) => cursor is null ? long.MaxValue
        : long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var before) ? before
        : throw new FormatException($"'{Names.Shorten(cursor)}' is not a cursor: pass on the 'next' of the page before.");
}
