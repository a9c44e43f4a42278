using AgentGrid.Cli.Tests.Hosting;

namespace AgentGrid.Cli.Tests;

public sealed class SimulateTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Simulate_NodeDies_SaysThatThePlanCompletesAndShowsARun()
    {
        var result = await RunAsync("tactical_motion", "--kill", "node", "--seeds", "30", "--back", "20s");

        Assert.Equal((ExitCode.Ok, ""), (result.Exit, result.Error));
        Assert.StartsWith("plan tactical_motion, seeds 1 to 30: all promises held", result.Lines[0]);
        Assert.Matches(@"\nwith faults +30 +30 +0 +0 +0 +\d+ ", result.Out);
        Assert.Matches(@"\nnothing dies +30 +30 +0 +0 +0 +0 ", result.Out);
        Assert.Matches(@"\nrun simulated/1 of seed \d+ is completed; --seed \d+ shows it again:\n", result.Out);
        Assert.Matches(@"\n +\d+\.\d{3}s  !! the process dies, and all that runs in it\n", result.Out);
    }

    [Fact]
    public async Task Simulate_ASeedAgain_IsTheSame()
    {
        var all = await RunAsync("tactical_motion", "--kill", "process", "--failures", "20%", "--seeds", "20", "--json");
        var example = all.Json.GetProperty("example");

        var again = await RunAsync(
            "tactical_motion", "--kill", "process", "--failures", "20%", "--seed", $"{example.GetProperty("seed").GetInt32()}", "--json");

        Assert.Equal(ExitCode.RunFailed, all.Exit);
        Assert.Equal(example.GetRawText(), again.Json.GetProperty("example").GetRawText());
        Assert.Equal(1, again.Json.GetProperty("seeds").GetInt32());
        Assert.Equal("failed", example.GetProperty("status").GetString());
        Assert.Equal(0, all.Json.GetProperty("broken").GetArrayLength());
    }

    [Fact]
    public async Task Simulate_GivenDurationsAndOutputs_AreUsed()
    {
        _scratch.Write("config/plans/p.yaml", """
            plans:
              p:
                steps:
                  list:  { agent: echo }
                  items: { agent: delay, needs: [list], mode: each, for_each: list.all, input: { ms: 1 } }
                  last:  { agent: echo, needs: [items], when: list.go }
            """);
        var durations = _scratch.Write("durations.yaml", "echo: 2s\ndelay: 1s..3s\n");
        var outputs = _scratch.Write("outputs.json", """{ "list": { "all": [1, 2], "go": true } }""");
        var input = _scratch.Write("input.json", "{}");

        var result = await RunAsync(
            "p", "--config", Path.Combine(_scratch.Folder, "config"), "--durations", durations, "--outputs", outputs, "--input", input, "--seeds", "5");

        Assert.Equal((ExitCode.Ok, ""), (result.Exit, result.Error));
        Assert.Contains("     2.000s  items: 2 branches, 2 must succeed\n", result.Out);
        Assert.Contains("last #1: 'echo' succeeds", result.Out);
    }

    [Fact]
    public async Task Simulate_DurationsOfAJournal_AreUsed()
    {
        await using var host = new GridHost();
        await host.InitializeAsync();
        var plan = _scratch.Write("plan.yaml", "steps: { only: { agent: echo } }\n");
        Assert.Equal(ExitCode.Ok, (await new Tool(host.Url) { Input = "{}" }.RunAsync("run", "-", "--match", "m", "--round", "1", "--plan", plan, "--wait")).Exit);
        _scratch.Write("config/plans/p.yaml", "plans: { p: { steps: { one: { agent: echo } } } }\n");

        var result = await RunAsync("p", "--config", Path.Combine(_scratch.Folder, "config"), "--data", host.Data, "--seeds", "3", "--json");

        // Made up, it would take three seconds and more.
        Assert.InRange(result.Json.GetProperty("with_faults").GetProperty("max_seconds").GetDouble(), 0, 1);
    }

    [Theory]
    [InlineData("there is no plan 'tactical_moton'; did you mean 'tactical_motion'?", "tactical_moton")]
    [InlineData("--kill is 'gpu9'; expected one of node, process, local.", "tactical_motion", "--kill", "gpu9")]
    [InlineData("--failures is 'many'; expected a share such as 5%, at most 100%.", "tactical_motion", "--failures", "many")]
    [InlineData("--hangs is '101%'; expected a share such as 5%, at most 100%.", "tactical_motion", "--hangs", "101%")]
    [InlineData("--seeds must be 1 to 1000000, not 0", "tactical_motion", "--seeds", "0")]
    [InlineData("'nowhere.json' cannot be read", "tactical_motion", "--input", "nowhere.json")]
    [InlineData("There is no journal", "tactical_motion", "--data", "nowhere")]
    public async Task Simulate_WhatCannotBe_IsRefusedWithAReason(string message, params string[] args)
    {
        var result = await RunAsync(args);

        Assert.Equal(ExitCode.Usage, result.Exit);
        Assert.Contains(message, result.Error);
    }

    [Fact]
    public async Task Simulate_FilesWithMistakes_NameThem()
    {
        var durations = _scratch.Write("durations.yaml", "ecko: 2s\necho: soon\ndelay: 3s..1s\n");
        var outputs = _scratch.Write("outputs.json", """{ "motoin": {} }""");

        var bad = await RunAsync("tactical_motion", "--durations", durations);
        var unknown = await RunAsync("tactical_motion", "--outputs", outputs);

        Assert.Contains($"{durations}(1,1): error AG1011: unknown agent 'ecko', did you mean 'echo'?", bad.Error);
        Assert.Contains($"{durations}(2,7): error AG1006: 'echo': expected a duration such as 2s, or a range such as 2s..5s, came the text 'soon'.", bad.Error);
        Assert.Contains($"{durations}(3,8): error AG1006: 'delay': expected a duration", bad.Error);
        Assert.Contains("has an output for 'motoin', and plan 'tactical_motion' has no such step; it has perception, prompt, motion, validators.", unknown.Error);
    }

    [Fact]
    public async Task Simulate_InputThatThePlanRefuses_SaysWhy()
    {
        _scratch.Write("config/plans/p.yaml", "plans: { p: { input_schema: { type: object, required: [page] }, steps: { one: { agent: echo } } } }\n");

        var result = await RunAsync("p", "--config", Path.Combine(_scratch.Folder, "config"));

        Assert.Equal(ExitCode.Usage, result.Exit);
        Assert.Contains("page", result.Error);
        Assert.Contains("Give the runs an input with --input.", result.Error);
    }

    private static Task<ToolResult> RunAsync(params string[] args) =>
        new Tool(null).RunAsync(["simulate", .. args.Contains("--config") ? args : [.. args, "--config", Repository.PathOf("config")]]);
}
