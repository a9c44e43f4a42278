using AgentGrid.Core;
using AgentGrid.Core.Runs;
using Microsoft.Data.Sqlite;

namespace AgentGrid.Embedded.Journal;

/// <summary>A run's row.</summary>
internal sealed record RunRow(RunRef Ref, long PlanId, string PlanName, RunSummary Summary)
{
    /// <summary>The columns that <see cref="Read"/> wants, in its order.</summary>
    public const string Columns = $"{FirstColumns}, runs.agents, runs.reason";

    /// <summary>The same of a file that has not been brought from version 1 to the next yet.</summary>
    public const string ColumnsOfVersion1 = $"{FirstColumns}, NULL, NULL";

    private const string FirstColumns = """
        runs.id, runs.run_id, runs.match_id, runs.round, runs.plan_id, runs.plan_name, runs.plan_version, runs.status,
        runs.accepted_at, runs.started_at, runs.ended_at, runs.checksum, runs.status_checksum
        """;

    public bool IsActive => Summary.Status == RunStatus.Running;

    /// <exception cref="JournalException">The row does not have its checksum.</exception>
    public static RunRow Read(SqliteDataReader row, int at, string path)
    {
        long? Ticks(int column) => row.IsDBNull(at + column) ? null : row.GetInt64(at + column);
        string? Text(int column) => row.IsDBNull(at + column) ? null : row.GetString(at + column);
        static DateTimeOffset? Time(long? ticks) => ticks is { } t ? new DateTimeOffset(t, TimeSpan.Zero) : null;

        var (number, planId, status) = (row.GetInt64(at), row.GetInt64(at + 4), row.GetInt64(at + 7));
        var (runId, key) = (row.GetString(at + 1), new RunKey(row.GetString(at + 2), row.GetString(at + 3)));
        var (plan, version) = (row.GetString(at + 5), row.GetString(at + 6));
        var (accepted, started, ended) = (row.GetInt64(at + 8), Ticks(9), Ticks(10));
        var (agents, reason) = (Text(13), Text(14));
        if (Crc32C.OfRun(number, runId, key.MatchId, key.Round, planId, plan, version, accepted) != row.GetInt64(at + 11)
            || Crc32C.OfStatus(number, status, started, ended, agents, reason) != row.GetInt64(at + 12))
        {
            throw JournalException.Damaged(
                path, $"the row of run '{key}' ({runId}) in the table 'runs' does not have its checksum.");
        }
        var id = RunId.Parse(runId);
        return new RunRow(
            new RunRef(id, key, number) { StartedAt = started }, planId, plan, new RunSummary
            {
                RunId = id,
                MatchId = key.MatchId,
                Round = key.Round,
                Plan = plan,
                PlanVersion = version,
                Status = status == 0 ? RunStatus.Running : (RunStatus)status,
                AcceptedAt = Time(accepted)!.Value,
                StartedAt = Time(started),
                EndedAt = Time(ended),
                Agents = agents is null ? null : AgentSet.Parse(agents),
                Reason = reason,
            });
    }

    /// <summary>Whether a row's columns, as a damaged file gives them, have their checksums.</summary>
    public static bool IsSound(object?[] row) =>
        row is [long number, string runId, string match, string round, long planId, string plan, string version,
            long status, long accepted, null or long, null or long, long sum, long statusSum, null or string,
            null or string]
        && Crc32C.OfRun(number, runId, match, round, planId, plan, version, accepted) == sum
        && Crc32C.OfStatus(
            number, status, (long?)row[9], (long?)row[10], (string?)row[13], (string?)row[14]) == statusSum;
}
