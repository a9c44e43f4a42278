using AgentGrid.Cli.Tests.Hosting;

namespace AgentGrid.Cli.Tests;

public sealed class ValidateTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Validate_ShippedFolder_HasNoMistakes()
    {
        var result = await RunAsync(Repository.PathOf("config"));

        Assert.Equal((ExitCode.Ok, ""), (result.Exit, result.Out));
        Assert.Contains(", mistakes: 0", result.Error);
    }

    [Fact]
    public async Task Validate_Folder_ReportsEveryMistakeAtItsPlace()
    {
        var agents = _scratch.Write("agents.yaml", "agents:\n  echo: { prioirty: 1 }\n  ecko: {}\n");
        var plan = _scratch.Write("plans/a.yaml", "plans:\n  p:\n    steps:\n      x: { capability: telepathy }\n");
        var misnamed = _scratch.Write("plans/b.yml", "plans: {}\n");

        var result = await RunAsync(_scratch.Folder);

        Assert.Equal(ExitCode.Usage, result.Exit);
        Assert.Equal(
            [
                $"{agents}(2,11): error AG1002: unknown key 'prioirty', did you mean 'priority'?",
                $"{agents}(3,3): error AG1011: unknown agent 'ecko', did you mean 'echo'?",
            ],
            result.Lines.Take(2));
        Assert.StartsWith($"{plan}(4,24): error AG1112: step 'x': no agent offers 'telepathy'", result.Lines[2]);
        Assert.StartsWith($"{misnamed}(1,1): error AG1017: ", result.Lines[3]);
        Assert.Contains("files: 3, mistakes: 4", result.Error);
    }

    [Fact]
    public async Task Validate_Services_AreReadAndNotConnectedTo()
    {
        // Nobody is there, and no secret is: neither is looked for.
        _scratch.Write("agents.yaml", """
            agents:
              render: { kind: http, url: "http://127.0.0.1:1/${env:NOT_THERE}", headers: { X-Key: "${file:/not/there}" }, capabilities: [rendering] }
              talk: { kind: chat, model: m, endpoint: "http://127.0.0.1:1/v1", api_key: "${env:NOT_THERE}", prompt: "{{ input.text }}" }
            """);
        var plan = _scratch.Write("plans/a.yaml", "plans: { p: { steps: { x: { capability: rendering } } } }\n");
        var good = await RunAsync(_scratch.Folder);
        var agents = _scratch.Write("agents.yaml", "agents:\n  render: { kind: http, ulr: \"http://127.0.0.1:1/\" }\n  talk: { kind: chat, model: m, api_key: k, prompt: \"{{ text }}\" }\n");
        var bad = await RunAsync(_scratch.Folder);

        Assert.Equal((ExitCode.Ok, ""), (good.Exit, good.Out));
        Assert.Equal(ExitCode.Usage, bad.Exit);
        Assert.Equal($"{agents}(2,11): error AG1008: 'url' must say where the service is: url: https://render.example.com/api/jobs.", bad.Lines[0]);
        Assert.Equal($"{agents}(2,25): error AG1002: unknown key 'ulr', did you mean 'url'?", bad.Lines[1]);
        Assert.StartsWith($"{agents}(3,53): error AG1111: 'prompt': a path begins with 'input'", bad.Lines[2]);
        Assert.StartsWith($"{plan}(1,", bad.Lines[3]);
    }

    [Fact]
    public async Task Validate_ReferenceInALiteralInput_IsAWarning()
    {
        var plan = _scratch.Write(
            "plans/a.yaml", "plans:\n  p:\n    steps:\n      x: { agent: echo, input: { text: '${input.text}' } }\n");

        var people = await RunAsync(_scratch.Folder);
        var json = await RunAsync(_scratch.Folder, "--json");

        Assert.Equal(ExitCode.Ok, people.Exit);
        Assert.StartsWith($"{plan}(4,40): warning AG1118: step 'x': ", Assert.Single(people.Lines));
        Assert.Contains("mistakes: 0, warnings: 1", people.Error);
        Assert.True(json.Json.GetProperty("valid").GetBoolean());
        Assert.Equal("AG1118", json.Json.GetProperty("warnings")[0].GetProperty("code").GetString());
    }

    [Fact]
    public async Task Validate_Json_IsOneDocument()
    {
        var plan = _scratch.Write("plan.yaml", "plans: { p: { steps: { x: { agent: ecko } } } }\n");

        var result = await RunAsync(plan, "--json");

        Assert.Equal(ExitCode.Usage, result.Exit);
        Assert.False(result.Json.GetProperty("valid").GetBoolean());
        var problem = result.Json.GetProperty("problems")[0];
        Assert.Equal(plan, problem.GetProperty("file").GetString());
        Assert.Equal(1, problem.GetProperty("line").GetInt32());
        Assert.Equal("AG1011", problem.GetProperty("code").GetString());
    }

    [Fact]
    public async Task Validate_PlanFileOfAFolder_IsReadWithItsAgents()
    {
        _scratch.Write("agents.yaml", "agents: { echo: { capabilities: [telepathy] } }\n");
        var plan = _scratch.Write("plans/a.yaml", "plans: { p: { steps: { x: { capability: telepathy } } } }\n");

        Assert.Equal(ExitCode.Ok, (await RunAsync(plan)).Exit);
    }

    [Theory]
    [InlineData("inline.yaml", "steps:\n  x: { agent: echo }\n", ExitCode.Ok, "")]
    [InlineData("inline.yaml", "steps:\n  x: { agent: echo, needs: [y] }\n", ExitCode.Usage, "(2,29): error AG1102")]
    [InlineData("inline.yaml", "steps:\n  x: { agent: ecko }\n", ExitCode.Usage, "(2,15): error AG1011")]
    [InlineData("inline.json", "{\"steps\": {\n\"x\": 1}}", ExitCode.Usage, "(2,6): error AG1004")]
    public async Task Validate_InlinePlan_IsReadAsRunTakesIt(string name, string text, int exit, string message)
    {
        var result = await RunAsync(_scratch.Write(name, text));

        Assert.Equal(exit, result.Exit);
        Assert.Contains(message, result.Out);
    }

    [Fact]
    public async Task Validate_Library_AddsItsAgents()
    {
        var plan = _scratch.Write("plan.yaml", "plans: { p: { steps: { x: { capability: holding } } } }\n");

        Assert.Equal(ExitCode.Usage, (await RunAsync(plan)).Exit);
        Assert.Equal(ExitCode.Ok, (await RunAsync(plan, "--agents", typeof(HoldAgent).Assembly.Location)).Exit);
        var noLibrary = await RunAsync(plan, "--agents", plan);
        Assert.Equal(ExitCode.Usage, noLibrary.Exit);
        Assert.Contains("is not a .NET library", noLibrary.Error);
    }

    [Fact]
    public async Task Validate_LibraryThatLacksAPackage_NamesIt()
    {
        var plan = _scratch.Write("plan.yaml", "plans: { p: { steps: { x: { capability: signing } } } }\n");

        Assert.Equal(ExitCode.Ok, (await RunAsync(plan, "--agents", CaptionsLibrary.Dll)).Exit);
        var lacking = await RunAsync(plan, "--agents", CaptionsLibrary.CopyTo(_scratch.Folder, "StandardWebhooks.dll"));
        Assert.Equal(ExitCode.Usage, lacking.Exit);
        Assert.Contains("It refers to StandardWebhooks (package StandardWebhooks 1.1.2)", lacking.Error);
    }

    [Fact]
    public async Task Validate_NothingThere_IsAUsageError()
    {
        var empty = await RunAsync(_scratch.Folder);
        var missing = await RunAsync(Path.Combine(_scratch.Folder, "missing.yaml"));

        Assert.Equal((ExitCode.Usage, ExitCode.Usage), (empty.Exit, missing.Exit));
        Assert.Contains("holds no YAML file", empty.Error);
        Assert.Contains("cannot be read", missing.Error);
    }

    private static Task<ToolResult> RunAsync(params string[] args) => new Tool(null).RunAsync(["validate", .. args]);
}
