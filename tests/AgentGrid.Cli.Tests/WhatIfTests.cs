using AgentGrid.Cli.Tests.Hosting;
using Microsoft.Data.Sqlite;

namespace AgentGrid.Cli.Tests;

public sealed class WhatIfTests : IDisposable
{
    private const string Agents = "agents: { delay: { max_concurrency: 1, timeout: 1m } }\n";
    private const string Plans = "plans: { nap: { steps: { sleep: { agent: delay, input: { ms: 30 } } } }, other: { steps: { sleep: { agent: delay, input: { ms: 1 } } } } }\n";

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task WhatIf_OfTheJournalOfARunningServer_ComparesWithMoreSlots()
    {
        await using var host = await JournalAsync();
        var tried = Write("tried", Agents.Replace("max_concurrency: 1", "max_concurrency: 8", StringComparison.Ordinal), Plans);

        var text = await RunAsync("--data", host.Data, "--config", tried);
        var fromServer = await host.Tool().RunAsync("whatif", "--config", tried);
        var some = await host.Tool().RunAsync("whatif", "--config", tried, "--most", "3", "--json");
        var json = await RunAsync("--data", Path.Combine(host.Data, "agentgrid.db"), "--config", tried, "--json", "--plan", "nap");

        Assert.Equal((ExitCode.Ok, ""), (text.Exit, text.Error));
        Assert.StartsWith("7 runs since ", text.Lines[0]);
        Assert.Equal((ExitCode.Ok, text.Out, ""), (fromServer.Exit, fromServer.Out, fromServer.Error));
        Assert.Equal(3, some.Json.GetProperty("runs").GetInt32());
        Assert.Contains("the server has more runs than the newest 3, which were read", some.Error);
        Assert.Contains(", load x1, on local", text.Lines[0]);
        Assert.Matches(@"\nnap +recorded +6 +0 ", text.Out);
        Assert.Matches(@"\n +what if +6 +0 ", text.Out);
        Assert.EndsWith("Attempts: 7 as recorded, 0 sampled from what their agents did (seed 1).\n", text.Out);
        var plan = json.Json.GetProperty("plans")[0];
        Assert.Equal(6, json.Json.GetProperty("runs").GetInt32());
        Assert.Equal(6, plan.GetProperty("what_if").GetProperty("completed").GetInt32());
        Assert.True(
            plan.GetProperty("what_if").GetProperty("max_seconds").GetDouble() < plan.GetProperty("recorded").GetProperty("max_seconds").GetDouble());
    }

    [Fact]
    public async Task WhatIf_PlanThatIsGone_LeavesItsRunsOutAndSaysSo()
    {
        await using var host = await JournalAsync();
        var tried = Write("tried", Agents, "plans: { other: { steps: { sleep: { agent: delay, input: { ms: 1 } } } } }\n");

        var some = await RunAsync("--data", host.Data, "--config", tried);
        var none = await RunAsync("--data", host.Data, "--config", tried, "--plan", "nap");

        Assert.Equal(ExitCode.Ok, some.Exit);
        Assert.Equal("left out: 6 runs of plan 'nap': There is no plan 'nap'; there are: other.\n", some.Error);
        Assert.Equal(ExitCode.Usage, none.Exit);
    }

    [Fact]
    public async Task WhatIf_NodesWithoutTheAgents_IsWarnedOf()
    {
        await using var host = await JournalAsync();
        var nodes = _scratch.Write("nodes.yaml", "nodes: { gpu: { queues: [gpu] } }\n");
        var tried = Write("tried", "queues: { gpu: {} }\n" + Agents, Plans);

        var result = await RunAsync("--data", host.Data, "--config", tried, "--nodes", nodes, "--since", "1h");

        Assert.Equal(ExitCode.Ok, result.Exit);
        Assert.Contains("No node can run agent 'delay' (queue 'general'): its attempts wait until their runs are given up.", result.Error);
        Assert.Matches(@"\n +what if +6 +6 ", result.Out);
    }

    [Fact]
    public async Task WhatIf_MistakesInTheFileOfNodes_AreReportedAtTheirPlaces()
    {
        await using var host = await JournalAsync();
        var nodes = _scratch.Write("nodes.yaml", "nodes: { gpu: { agents: [dealy] } }\n");

        var result = await RunAsync("--data", host.Data, "--config", Write("tried", Agents, Plans), "--nodes", nodes);

        Assert.Equal(ExitCode.Usage, result.Exit);
        Assert.Contains($"{nodes}(1,25): error AG1011: unknown agent 'dealy', did you mean 'delay'?", result.Error);
    }

    [Fact]
    public async Task WhatIf_NoJournal_SaysWhereOneIs()
    {
        var result = await RunAsync("--data", _scratch.Folder, "--config", Write("tried", Agents, Plans));

        Assert.Equal(ExitCode.Usage, result.Exit);
        Assert.Contains($"There is no journal '{Path.Combine(_scratch.Folder, "agentgrid.db")}'.", result.Error);
        Assert.False(File.Exists(Path.Combine(_scratch.Folder, "agentgrid.db")));
    }

    [Fact]
    public async Task WhatIf_FileThatIsNoJournal_SaysSo()
    {
        var result = await RunAsync("--data", _scratch.Write("notes.txt", "not a journal, by any means, of whatever version it might be"), "--config", Write("tried", Agents, Plans));

        Assert.Equal(ExitCode.Usage, result.Exit);
        Assert.Contains("cannot be read as a journal", result.Error);
    }

    [Fact]
    public async Task WhatIf_JournalOfAnotherVersion_SaysWhatToDo()
    {
        var path = Path.Combine(_scratch.Folder, "agentgrid.db");
        await using (var file = new SqliteConnection($"Data Source={path};Pooling=False"))
        {
            file.Open();
            using var command = file.CreateCommand();
            command.CommandText = "PRAGMA user_version = 2";
            command.ExecuteNonQuery();
        }

        var result = await RunAsync("--data", path, "--config", Write("tried", Agents, Plans));

        Assert.Equal(ExitCode.Usage, result.Exit);
        Assert.Contains("it has schema version 2, and 3 is read. The server brings a journal of an older version up to date when it starts.", result.Error);
    }

    [Fact]
    public async Task WhatIf_ConfigurationWithMistakes_NamesThem()
    {
        var result = await RunAsync("--data", _scratch.Folder, "--config", Write("tried", "agents: { dealy: {} }\n", Plans));
        var nowhere = await RunAsync("--data", _scratch.Folder, "--config", Path.Combine(_scratch.Folder, "nowhere"));

        Assert.Equal(ExitCode.Usage, result.Exit);
        Assert.Contains("did you mean 'delay'?", result.Error);
        Assert.Contains("There is no configuration folder", nowhere.Error);
    }

    [Theory]
    [InlineData("--load is '0'; expected a number above 0 and at most 1000, such as 2 or 0.5.", "--load", "0")]
    [InlineData("--load is 'abc'; expected a number above 0", "--load", "abc")]
    [InlineData("--seed is 'x'; expected a whole number from 0", "--seed", "x")]
    [InlineData("--since must be 1s to 8760h, not 0s", "--since", "0s")]
    [InlineData("--max-active must be 1 to 1000000, not 0", "--max-active", "0")]
    public async Task WhatIf_OptionsThatMeanNothing_AreRefused(string message, string option, string value)
    {
        var result = await RunAsync(option, value);

        Assert.Equal(ExitCode.Usage, result.Exit);
        Assert.Contains(message, result.Error);
    }

    // Six runs that take turns, and one of another plan.
    private async Task<GridHost> JournalAsync()
    {
        var host = new GridHost { Config = Write("recorded", Agents, Plans) };
        await host.InitializeAsync();
        var posted = Enumerable.Range(0, 7).Select(i => new Tool(host.Url) { Input = "{}" }.RunAsync(
            "run", "-", "--match", "m", "--round", $"{i}", "--plan", i == 6 ? "other" : "nap", "--wait"));
        Assert.All(await Task.WhenAll(posted), static r => Assert.Equal(ExitCode.Ok, r.Exit));
        return host;
    }

    private string Write(string folder, string agents, string plans)
    {
        _scratch.Write($"{folder}/agents.yaml", agents);
        _scratch.Write($"{folder}/plans/plans.yaml", plans);
        return Path.Combine(_scratch.Folder, folder);
    }

    private static Task<ToolResult> RunAsync(params string[] args) => new Tool(null).RunAsync(["whatif", .. args]);
}
