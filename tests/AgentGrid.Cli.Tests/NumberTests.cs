using AgentGrid.Cli.Tests.Hosting;

namespace AgentGrid.Cli.Tests;

/// <summary>Numbers and texts come back as they were posted, to the last digit.</summary>
public sealed class NumberTests(GridHost host) : IClassFixture<GridHost>, IDisposable
{
    private const string Values =
        """{"id":76561198000000003,"big":1e400,"small":-0.10E-2,"text":"caf\u00e9 \/ é","10":1,"9":[1.0,2]}""";

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("whole", false)]
    [InlineData("overlaid", true)]
    public async Task Run_Request_IsPostedByteForByte(string match, bool overlaid)
    {
        var plan = overlaid ? "{}" : """{"steps":{"only":{"agent":"echo"}}}""";
        var body = $$"""{"match_id":"{{match}}","round":"1","grid_snapshot":{{Values}},"plan":{{plan}}}""";
        var file = _scratch.Write("plan.yaml", "steps: { only: { agent: echo } }\n");
        var tool = new Tool(host.Url) { Input = body };

        string[] overlay = overlaid ? ["--plan", file] : [];
        var posted = await tool.RunAsync(["run", "-", "--wait", "--json", .. overlay]);
        var shown = await host.Tool().RunAsync("show", $"{match}/1", "--output");
        var step = await host.Tool().RunAsync("show", $"{match}/1", "--step", "only", "--output", "--json");

        Assert.Equal((ExitCode.Ok, ""), (posted.Exit, posted.Error));
        Assert.Equal(Values, posted.Json.GetProperty("input").GetProperty("grid_snapshot").GetRawText());
        Assert.Contains("""{"id":76561198000000003,"big":1e400,"small":-0.10E-2,""", step.Out);
        Assert.Contains("\"id\": 76561198000000003,", shown.Out);
        Assert.Contains("\"big\": 1e400,", shown.Out);
        Assert.Contains("\"small\": -0.10E-2,", shown.Out);
    }

    [Theory]
    [InlineData("plan.json", """{"name":"numbers","steps":{"only":{"agent":"echo","input":VALUES}}}""")]
    [InlineData("plan.yaml", "name: numbers\nsteps: { only: { agent: echo, input: VALUES } }\n")]
    public async Task Run_PlanFile_KeepsItsNumbers(string name, string text)
    {
        var plan = _scratch.Write(name, text.Replace("VALUES", """{"id":76561198000000003,"big":1e400,"x":0.10}"""));

        var result = await new Tool(host.Url) { Input = Values }.RunAsync(
            "run", "-", "--match", name, "--round", "1", "--plan", plan, "--wait", "--json");

        Assert.Equal((ExitCode.Ok, ""), (result.Exit, result.Error));
        var steps = result.Json.GetProperty("plan_definition").GetProperty("steps");
        var input = steps.GetProperty("only").GetProperty("input");
        // A plan is kept with its members in the order of their names.
        Assert.Equal("""{"big":1e400,"id":76561198000000003,"x":0.10}""", input.GetRawText());
        Assert.Equal(Values, result.Json.GetProperty("input").GetProperty("grid_snapshot").GetRawText());
    }
}
