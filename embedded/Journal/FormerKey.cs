using System.Globalization;
using AgentGrid.Core;
using AgentGrid.Engine.Store;
using Microsoft.Data.Sqlite;

namespace AgentGrid.Embedded.Journal;

/// <summary>
/// How rows say that their run has given its key to another: the column <c>round</c> has a line break and the run's id behind the round,
/// which is unique then, as the column is to be. No round has a line break in it.
/// </summary>
internal static class FormerKey
{
    /// <summary>Has a run give up a key that it has; nothing where it has not.</summary>
    public static void GiveUp(SqliteConnection connection, RunKey key, RunId run)
    {
        var text = new DamageText("The journal", "");
        if (Find(connection, key, run, text) is not { } row)
        {
            return;
        }
        var (head, number) = (row.Stored.Head, row.Ref.Row);
        var former = $"{key.Round}\n{run}";
        using var update = connection.CreateCommand();
        update.CommandText = "UPDATE runs SET round = $round, checksum = $sum WHERE id = $id";
        update.Parameters.AddWithValue("$round", former);
        update.Parameters.AddWithValue("$id", number);
        update.Parameters.AddWithValue("$sum", RowChecksum.OfRun(
            number, run.Value, key.MatchId, former, long.Parse(head.PlanKey, CultureInfo.InvariantCulture), head.Plan, head.PlanVersion,
            head.AcceptedAt.UtcTicks, head.Tenant, head.Priority));
        update.ExecuteNonQuery();
    }

    /// <summary>The round of a row's key, or of the one that it had.</summary>
    public static string RoundOf(string column) => column.IndexOf('\n', StringComparison.Ordinal) is >= 0 and var end ? column[..end] : column;

    /// <summary>The rows that have a round, or had it.</summary>
    public static string Matches(string round) => $"(round = {round} OR (round > {round} || char(10) AND round < {round} || char(11)))";

    private static RunRow? Find(SqliteConnection connection, RunKey key, RunId run, DamageText text)
    {
        using var find = connection.CreateCommand();
        find.CommandText = $"SELECT {RunRow.Columns} FROM runs WHERE match_id = $match AND round = $round AND run_id = $run";
        find.Parameters.AddWithValue("$match", key.MatchId);
        find.Parameters.AddWithValue("$round", key.Round);
        find.Parameters.AddWithValue("$run", run.Value);
        using var reader = find.ExecuteReader();
        return reader.Read() ? RunRow.Read(reader, 0, text) : null;
    }
}
