using System.Text.Json;
using System.Text.RegularExpressions;
using AgentGrid.Agents.Perception;
using AgentGrid.Cli.Tests.Hosting;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Plans;

namespace AgentGrid.Cli.Tests.Docs;

/// <summary>Every key of a plan is in docs/plans.md, and every example there does what its comments say.</summary>
public sealed partial class PlanReferenceTests : IAsyncLifetime
{
    private static readonly Markdown s_page = new("docs/plans.md");
    private static readonly string s_agents = s_page.Blocks("yaml").Single(b => b.StartsWith("# agents.yaml\n"));
    private static readonly PlanExample[] s_examples =
        [.. s_page.Blocks("yaml").Where(b => b != s_agents).Select(PlanExample.Of)];

    private readonly Scratch _config = new();
    private GridHost _host = null!;

    public static TheoryData<string> Names => [.. s_examples.Select(e => e.Name)];

    public async ValueTask InitializeAsync()
    {
        _config.Write("agents.yaml", s_agents);
        foreach (var example in s_examples)
        {
            _config.Write($"plans/{example.Name}.yaml", example.Yaml);
        }
        _host = new GridHost { Config = _config.Folder };
        await _host.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _config.Dispose();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Example_ByItself_Compiles(string name)
    {
        var catalog = AgentCatalog.Discover(typeof(PerceptionAgent).Assembly);
        var example = s_examples.Single(e => e.Name == name);

        var result = ConfigReader.Read(
            [new ConfigFile("agents.yaml", s_agents), new ConfigFile("plans/example.yaml", example.Yaml)], catalog);

        Assert.Empty(result.Problems);
        Assert.NotNull(result.Config!.Plans[name]);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Example_Posted_EndsAsItsCommentsSay(string name)
    {
        var example = s_examples.Single(e => e.Name == name);

        var run = await PostAsync(name, name, example.Input.GetRawText());

        var error = run.TryGetProperty("error", out var e) ? $" {e.GetProperty("code").GetString()}" : "";
        Assert.Equal(example.Ends, run.GetProperty("status").GetString() + error);
        if (example.Result is { } result)
        {
            Assert.True(
                JsonElement.DeepEquals(result, run.GetProperty("result")),
                $"expected {result}, got {run.GetProperty("result")}");
        }
    }

    [Fact]
    public async Task HedgedExample_BackupStarts_OnlyAfterTheWait()
    {
        var run = await PostAsync("hedged", "hedge", """{"ms":60000}""");

        var attempts = run.GetProperty("steps")[0].GetProperty("attempts").EnumerateArray()
            .Select(a => (a.GetProperty("agent").GetString(), a.GetProperty("started_at").GetDateTimeOffset()))
            .ToList();
        Assert.Equal(["delay", "echo"], attempts.Select(a => a.Item1));
        Assert.True(attempts[1].Item2 - attempts[0].Item2 >= TimeSpan.FromMilliseconds(49));
    }

    [Fact]
    public async Task HedgedByPolicyExample_Shown_SaysWhenABackupIsAskedAndWhatTheyHaveCost()
    {
        var run = await PostAsync("hedged_by_policy", "policy", """{"ms":1}""");
        var tool = new Tool(_host.Url);

        var shown = await tool.RunAsync("show", run.GetProperty("run_id").GetString()!, "--step", "work");
        Assert.Contains("backup of attempt 1: no backup is asked: the agent starts cold", shown.Out, StringComparison.Ordinal);
        var table = (await new Tool(_host.Url).RunAsync("plans", "hedged_by_policy", "--hedges")).Out;
        Assert.Contains("The newest 1 runs of 'hedged_by_policy' that have ended:", table, StringComparison.Ordinal);
        Assert.Contains("REFUSED", table, StringComparison.Ordinal);
        var step = (await new Tool(_host.Url).RunAsync("plans", "hedged_by_policy", "--hedges", "--json")).Json.GetProperty("steps")[0];
        Assert.Equal(("work", 1, 0), (step.GetProperty("step").GetString(), step.GetProperty("executions").GetInt32(), step.GetProperty("started").GetInt32()));
        Assert.Equal(step.GetProperty("with_ms").GetProperty("p50").GetDouble(), step.GetProperty("without_ms").GetProperty("p50").GetDouble());
        Assert.Contains(
            "None of the newest 0 runs of 'nobody' that have ended has a step with 'hedge'.",
            (await new Tool(_host.Url).RunAsync("plans", "nobody", "--hedges")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ExampleWithAPlan_Shown_NamesParentAndChildren()
    {
        var run = await PostAsync("over_players", "children", """{"players":["ann","bob"]}""");
        var child = run.GetProperty("steps")[0].GetProperty("attempts")[1].GetProperty("run").GetString()!;
        var id = run.GetProperty("run_id").GetString();

        Assert.Contains($"run {child}", (await new Tool(_host.Url).RunAsync("show", id!)).Out, StringComparison.Ordinal);
        Assert.Contains(
            $"for       step greet, attempt 2, of run {id}", (await new Tool(_host.Url).RunAsync("show", child)).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task InlineExample_Posted_Runs()
    {
        var result = await new Tool(_host.Url) { Input = s_page.Blocks("json").Single() }
            .RunAsync("run", "-", "--wait", "--json");

        Assert.Equal("from_a_request", result.Json.GetProperty("plan").GetString());
        Assert.Equal("dust", result.Json.GetProperty("result").GetProperty("map").GetString());
    }

    [Fact]
    public void Keys_ThatTheReaderKnows_AreAllInExamples()
    {
        var examples = string.Join('\n', s_examples.Select(e => e.Yaml)) + s_page.Blocks("json").Single();
        string[] keys =
        [
            .. KnownKeys("""{"zzzzzzzzzz":1,"steps":{"a":{"agent":"x"}}}"""),
            .. KnownKeys("""{"steps":{"a":{"agent":"x","zzzzzzzzzz":1}}}"""),
            .. KnownKeys("""{"steps":{"a":{"agent":"x","retry":{"zzzzzzzzzz":1}}}}"""),
            .. KnownKeys("""{"steps":{"a":{"agent":"x","hedge":{"zzzzzzzzzz":1}}}}"""),
            .. KnownKeys("""{"steps":{"a":{"wait":{"signal":"x","zzzzzzzzzz":1}}}}"""),
            .. KnownKeys("""{"steps":{"a":{"approve":{"title":"x","zzzzzzzzzz":1}}}}"""),
        ];

        Assert.True(keys.Length >= 24, string.Join(", ", keys));
        Assert.All(keys, key => Assert.Matches($"\\b\"?{key}\"?:", examples));
    }

    [Fact]
    public void Keys_ThatTheReaderKnows_AllHaveAHeading()
    {
        var headings = s_page.Anchors().ToHashSet();

        Assert.All(KnownKeys("""{"steps":{"a":{"agent":"x","zzzzzzzzzz":1}}}"""), key => Assert.Contains(
            key == "timeout" ? "timeout-of-a-step" : key, headings));
        Assert.All(
            KnownKeys("""{"zzzzzzzzzz":1,"steps":{"a":{"agent":"x"}}}"""), key => Assert.Contains(key, headings));
    }

    [Fact]
    public void CeleryGuide_Plan_CompilesWithTheShippedAgents()
    {
        var plan = Assert.Single(new Markdown("docs/from-celery.md").Blocks("yaml"));

        var agents = Repository.Read("config", "agents.yaml");
        var result = ConfigReader.Read(
            [new ConfigFile("agents.yaml", agents), new ConfigFile("plans/p.yaml", plan)],
            AgentCatalog.Discover(typeof(PerceptionAgent).Assembly));

        Assert.Empty(result.Problems);
    }

    // The reader lists the keys that it knows when it meets one that resembles none of them.
    internal static IEnumerable<string> Listed(string message) =>
        Known().Match(message).Groups[1].Value.Split(", ", StringSplitOptions.RemoveEmptyEntries);

    private static IEnumerable<string> KnownKeys(string plan) => Listed(
        PlanReader.ReadJson("p", Core.Json.Parse(plan)).Problems.Single(p => p.Code == ConfigCodes.UnknownKey).Message);

    private async Task<JsonElement> PostAsync(string plan, string match, string input)
    {
        var rest = input == "{}" ? "}" : $", {input[1..]}";
        var result = await new Tool(_host.Url) { Input = $$"""{"match_id": "{{match}}", "round": "1" {{rest}}""" }
            .RunAsync("run", "-", "--plan", plan, "--wait", "--json");
        Assert.True(result.Exit is ExitCode.Ok or ExitCode.RunFailed, result.Error);
        return result.Json;
    }

    [GeneratedRegex("known: (.*)\\.$")]
    private static partial Regex Known();
}
