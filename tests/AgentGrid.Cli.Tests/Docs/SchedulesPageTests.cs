using AgentGrid.Cli.Tests.Hosting;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;

namespace AgentGrid.Cli.Tests.Docs;

/// <summary>Every key of a schedule is in docs/schedules.md, and a server runs its example.</summary>
public sealed class SchedulesPageTests : IDisposable
{
    private static readonly Markdown s_page = new("docs/schedules.md");

    private readonly Scratch _config = new();

    public SchedulesPageTests()
    {
        _config.Write("agents.yaml", "agents: {}\n");
        _config.Write("plans/report.yaml", "plans: { report: { steps: { say: { agent: echo } } } }\n");
        _config.Write("schedules.yaml", s_page.Blocks("yaml").Single());
    }

    public void Dispose() => _config.Dispose();

    [Fact]
    public async Task Example_OnAServer_IsListedAndRuns()
    {
        await using var host = new GridHost { Config = _config.Folder };
        await host.InitializeAsync();
        await UntilAsync(async () => (await host.Tool().RunAsync("runs", "--match", "heartbeat", "--status", "completed")).Lines.Count > 1);

        var table = await host.Tool().RunAsync("schedules");
        var json = await host.Tool().RunAsync("schedules", "--json");

        Assert.Equal((ExitCode.Ok, 3), (table.Exit, table.Lines.Count));
        Assert.Matches(@"^heartbeat +\* \* \* \* \* \* \(UTC\) +report +20\S+ \S+Z +20\S+Z +\w+$", table.Lines[1].TrimEnd());
        Assert.Matches(@"^nightly +0 3 \* \* \* \(Europe/Berlin\) +report +20\S+ 0[12]:00:00Z +- +-$", table.Lines[2].TrimEnd());
        Assert.Equal("replace", json.Json.GetProperty("schedules")[0].GetProperty("overlap").GetString());
        Assert.Equal("heartbeat", json.Json.GetProperty("schedules")[0].GetProperty("last_run").GetProperty("match_id").GetString());
    }

    [Fact]
    public void Keys_OfASchedule_AllHaveAHeading()
    {
        var problem = ConfigReader.Read([new("schedules.yaml", "schedules: { a: { xxxxxxxxxxxx: 1 } }")], AgentCatalog.Discover([]))
            .Problems.Single(static p => p.Code == ConfigCodes.UnknownKey).Message;
        var keys = problem[(problem.IndexOf("known: ", StringComparison.Ordinal) + 7)..].TrimEnd('.').Split(", ");

        Assert.Equal(8, keys.Length);
        Assert.All(keys, static key => Assert.Contains($"\n### {key}\n", Repository.Read("docs", "schedules.md")));
    }

    [Fact]
    public async Task Validate_SchedulesAlone_AreReadWithThePlansBesideThem()
    {
        var tool = new Tool("http://127.0.0.1:1");
        var good = await tool.RunAsync("validate", Path.Combine(_config.Folder, "schedules.yaml"));
        var file = _config.Write("other/schedules.yaml", "schedules:\n  a: { cron: \"@daily\", plan: report }\n");
        var bad = await tool.RunAsync("validate", file);

        Assert.Equal((ExitCode.Ok, ""), (good.Exit, good.Out));
        Assert.Equal(ExitCode.Usage, bad.Exit);
        Assert.EndsWith("schedules.yaml(2,30): error AG1115: unknown plan 'report'; there are none.", bad.Lines[0]);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!await condition())
        {
            limit.Token.ThrowIfCancellationRequested();
        }
    }
}
