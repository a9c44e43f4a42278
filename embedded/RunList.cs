using System.Collections.Immutable;
using System.Globalization;
using AgentGrid.Core;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Runs;

namespace AgentGrid.Embedded;

/// <summary>Lists runs: the journal's rows, with what is known of active runs laid over them.</summary>
internal static class RunList
{
    private const int MostRuns = 1_000;

    /// <exception cref="FormatException">The cursor was not made here.</exception>
    public static RunPage Read(Engine engine, RunQuery query)
    {
        var limit = Math.Clamp(query.Limit, 1, MostRuns);
        var before = Parse(query.Cursor);
        var runs = ImmutableArray.CreateBuilder<RunSummary>();
        while (true)
        {
            var rows = engine.Reader.List(query, before, limit + 1);
            foreach (var row in rows)
            {
                if (runs.Count == limit)
                {
                    return new RunPage(runs.ToImmutable(), before.ToString(CultureInfo.InvariantCulture));
                }
                before = row.Ref.Row;
                // Whether an active run is queued or running is known in memory alone.
                var summary = row.IsActive ? engine.Find(row.Ref.Id)?.Summary ?? row.Summary : row.Summary;
                if ((query.Status is null || query.Status == summary.Status) && IsDoing(summary, query.Activity))
                {
                    runs.Add(summary);
                }
            }
            if (rows.Count <= limit)
            {
                return new RunPage(runs.ToImmutable(), null);
            }
        }
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
