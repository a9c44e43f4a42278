using AgentGrid.Cli.Tests.Hosting;
using Microsoft.Data.Sqlite;

namespace AgentGrid.Cli.Tests.Docs;

/// <summary>The commands that docs/operations.md gives for a backup, on a server that is running.</summary>
public sealed class BackupTests
{
    [Fact]
    public async Task Backup_OfARunningServer_RestoresItsRuns()
    {
        using var scratch = new Scratch();
        var plan = scratch.Write(
            "plan.yaml", "steps: { done: { agent: echo }, open: { needs: [done], agent: hold } }\n");
        await using var host = new GridHost();
        await host.InitializeAsync();
        var tool = new Tool(host.Url) { Input = "{}" }.Start(
            "run", "-", "--match", "backup", "--round", "1", "--plan", plan, "--wait");
        await tool.PrintedAsync("half way");
        await using var restored = new GridHost();
        var copy = Path.Combine(restored.Data, "agentgrid.db");

        var source = Path.Combine(host.Data, "agentgrid.db");
        await using (var journal = new SqliteConnection($"Data Source={source};Pooling=False"))
        {
            journal.Open();
            Assert.Equal("ok", Scalar(journal, $"VACUUM INTO '{copy}'; PRAGMA integrity_check"));
        }
        await tool.InterruptAsync();
        await restored.InitializeAsync();
        HoldAgent.Release("backup");
        var ended = await restored.Tool().RunAsync("watch", "backup/1");

        Assert.Equal(ExitCode.Ok, ended.Exit);
        Assert.Contains("VACUUM INTO", Repository.Read("docs", "operations.md"));
    }

    private static object? Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
