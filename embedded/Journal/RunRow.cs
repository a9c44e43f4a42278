using System.Globalization;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;
using Microsoft.Data.Sqlite;

namespace AgentGrid.Embedded.Journal;

/// <summary>A run's row.</summary>
internal sealed record RunRow(RunRef Ref, StoredRun Stored)
{
    /// <summary>The columns that <see cref="Read"/> wants, in its order.</summary>
    public static readonly string Columns = ColumnsOf(JournalFile.SchemaVersion);

    /// <summary>What is added to the status of a run that has ended, while it owes webhooks something.</summary>
    public const long Owes = 10;

    public RunSummary Summary => Stored.Summary;
    public bool IsActive => !Summary.Status.IsEnded();

    /// <summary>The same of a file that has not been brought up to date yet.</summary>
    public static string ColumnsOf(long version) => $"""
        runs.id, runs.run_id, runs.match_id, runs.round, runs.plan_id, runs.plan_name, runs.plan_version, runs.status,
        runs.accepted_at, runs.started_at, runs.ended_at, runs.checksum, runs.status_checksum,
        {(version > 1 ? "runs.agents, runs.reason" : "NULL, NULL")},
        {(version > 2 ? "runs.tip, runs.tenant, runs.priority" : "NULL, NULL, NULL")}
        """;

    /// <exception cref="DamageException">The row does not match its checksum.</exception>
    public static RunRow Read(SqliteDataReader row, int at, DamageText text)
    {
        long? Number(int column) => row.IsDBNull(at + column) ? null : row.GetInt64(at + column);
        string? Text(int column) => row.IsDBNull(at + column) ? null : row.GetString(at + column);
        var columns = new Values(
            row.GetInt64(at), row.GetString(at + 1), row.GetString(at + 2), row.GetString(at + 3), row.GetInt64(at + 4),
            row.GetString(at + 5), row.GetString(at + 6), row.GetInt64(at + 7), row.GetInt64(at + 8), Number(9), Number(10),
            row.GetInt64(at + 11), row.GetInt64(at + 12), Text(13), Text(14),
            row.IsDBNull(at + 15) ? null : (byte[])row.GetValue(at + 15), Text(16), Number(17));
        return columns.IsSound
            ? columns.Read(text)
            : throw text.OfRun(
                columns.RunId, "has a row in the table 'runs' that does not have its checksum",
                new RunKey(columns.Match, FormerKey.RoundOf(columns.Round)));
    }

    /// <summary>Whether a row, as a damaged file gives its columns, is what was written.</summary>
    public static bool IsSound(object?[] row, DamageText text) =>
        row is [long number, string runId, string match, string round, long planId, string plan, string version,
            long status, long accepted, null or long, null or long, long sum, long statusSum, null or string,
            null or string, null or byte[], null or string, null or long]
        && new Values(
            number, runId, match, round, planId, plan, version, status, accepted, (long?)row[9], (long?)row[10], sum,
            statusSum, (string?)row[13], (string?)row[14], (byte[]?)row[15], (string?)row[16], (long?)row[17])
            .IsWhole(text);

    private readonly record struct Values(
        long Row, string RunId, string Match, string Round, long PlanId, string Plan, string PlanVersion, long Status,
        long Accepted, long? Started, long? Ended, long Sum, long StatusSum, string? Agents, string? Reason, byte[]? Tip,
        string? Tenant, long? Priority)
    {
        public bool IsSound =>
            RowChecksum.OfRun(
                Row, RunId, Match, Round, PlanId, Plan, PlanVersion, Accepted, Tenant, Priority ?? 0) == Sum
            && RowChecksum.OfStatus(Row, Status, Started, Ended, Agents, Reason, Tip) == StatusSum;

        public bool IsWhole(DamageText text)
        {
            try
            {
                return IsSound && Read(text) is not null;
            }
            catch (DamageException)
            {
                return false;
            }
        }

        public RunRow Read(DamageText text)
        {
            var id = Core.RunId.Parse(RunId);
            var head = new RunHead(
                Match, FormerKey.RoundOf(Round), Plan, PlanVersion, PlanId.ToString(CultureInfo.InvariantCulture), (int)(Priority ?? 0),
                Tenant, Time(Accepted)!.Value);
            var run = Tip is null ? new StoredRun(head, OfOldRow(head.Accepted(id)), null)
                : StoredRun.Read(id, head, Tip, text);
            // While a run goes on, its tip is not written with every turn.
            return new RunRow(new RunRef(id, head.Key, Row), Status == 0 ? run with { Version = null } : run);
        }

        // Of a version that wrote no tips; or of a run of today that has not ended yet, which those who drive it know.
        private RunSummary OfOldRow(RunSummary accepted) => accepted with
        {
            Status = Status == 0 ? RunStatus.Running : (RunStatus)(Status % Owes),
            StartedAt = Time(Started),
            EndedAt = Time(Ended),
            Agents = Agents is null ? null : AgentSet.Parse(Agents),
            Reason = Reason,
        };

        private static DateTimeOffset? Time(long? ticks) => ticks is { } t ? new DateTimeOffset(t, TimeSpan.Zero) : null;
    }
}
