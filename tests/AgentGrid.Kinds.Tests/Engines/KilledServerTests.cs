using AgentGrid.Kinds.Tests.Process;
using AgentGrid.TestKit;
using static AgentGrid.Kinds.Tests.Engines.ProcessKindTests;

namespace AgentGrid.Kinds.Tests.Engines;

/// <summary>A server that ends while its processes work.</summary>
public abstract class KilledServerTests(ServerFixture grid)
{
    [Fact]
    public async Task Stop_EndsTheProcesses()
    {
        grid.Configure(TestConfig.Agents);
        await grid.StartAsync();
        var pid = Output(await grid.RunAsync("work", new { })).GetProperty("pid").GetInt32();
        await grid.Server.SignalAsync(GridProcess.Terminate);
        Assert.Equal(0, await grid.Server.ExitCodeAsync());
        Assert.False(ProcessLifeTests.IsAlive(pid));
    }
}

[Collection(nameof(EmbeddedServer))]
public sealed class EmbeddedKilledServerTests(EmbeddedServer grid) : KilledServerTests(grid)
{
    private readonly EmbeddedServer _grid = grid;

    // Deaf to the end of its stdin and to SIGTERM, and so is what it has started.
    private const string Stubborn = """
          stubborn:
            kind: process
            command:
              - sh
              - -c
              - >-
                trap '' TERM; read -r l; echo '{"id":0,"result":{}}'; sh -c "trap '' TERM; echo \$\$ >> PIDS; while :; do sleep 1; done" &
                echo $$ >> PIDS; while :; do sleep 1; done
        """;

    // A server of tools, which says its number when it starts.
    private static readonly string s_tools =
        $"  tools: {{ kind: mcp, command: [python3, mcp_tools.py, PIDS], working_directory: \"{Path.Combine(AppContext.BaseDirectory, "Programs")}\", tool: work }}";

    [Fact]
    public async Task Kill_NoProcessIsLeftAndTheAttemptIsDeliveredAgain()
    {
        using var mark = new TemporaryFile();
        using var pids = new TemporaryFile();
        _grid.Configure($"{TestConfig.Agents}\n{$"{Stubborn}\n{s_tools}".Replace("PIDS", pids.Path, StringComparison.Ordinal)}\n");
        await _grid.StartAsync();
        var id = await _grid.PostAsync(ServerFixture.Step("work", new { @do = "once", mark = mark.Path }));
        await Limits.UntilAsync(() => mark.Text is { Length: > 0 }, () => "the agent was not asked");
        await Limits.UntilAsync(() => Pids(pids).Length == 3, () => $"these have started: {pids.Text}");
        int[] all = [.. Pids(pids), int.Parse(mark.Text!, System.Globalization.CultureInfo.InvariantCulture)];
        Assert.All(all, pid => Assert.True(ProcessLifeTests.IsAlive(pid)));

        await _grid.Server.KillAsync();

        await Limits.UntilAsync(() => !all.Any(ProcessLifeTests.IsAlive), () => $"alive: {string.Join(' ', all.Where(ProcessLifeTests.IsAlive))}");
        await _grid.StartAsync();
        var run = await _grid.EndAsync(id);
        Assert.Equal("completed", Status(run));
        Assert.True(Output(run).GetProperty("again").GetBoolean());
    }

    private static int[] Pids(TemporaryFile file) =>
        [.. (file.Text ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
}

[Collection(nameof(ClusterServer))]
public sealed class ClusterKilledServerTests(ClusterServer grid) : KilledServerTests(grid);
