using Microsoft.Data.Sqlite;
namespace AgentGrid.Embedded.Tests.Simulation;
internal sealed partial class EngineSimulation
{
    public void Dump()
    {
        using var c = new SqliteConnection($"Data Source={_options.Data}/agentgrid.db;Vfs=simulated;Pooling=false");
        c.Open();
        foreach (var sql in new[] { "select id, run_id, status, ended_at from runs", "select last_seq, run, events from journal", "select * from meta" })
        {
            using var k = c.CreateCommand(); k.CommandText = sql; using var r = k.ExecuteReader();
            Note(sql);
            while (r.Read()) Note("   " + string.Join(" | ", Enumerable.Range(0, r.FieldCount).Select(i => r.GetValue(i) is byte[] b ? System.Text.Encoding.UTF8.GetString(b)[..Math.Min(b.Length,80)] : r.GetValue(i))));
        }
    }
}
