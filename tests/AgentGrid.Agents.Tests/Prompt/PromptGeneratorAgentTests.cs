using System.Text.Json;
using AgentGrid.Agents.Perception;
using AgentGrid.Agents.Prompt;
using AgentGrid.Core;

namespace AgentGrid.Agents.Tests.Prompt;

public sealed class PromptGeneratorAgentTests
{
    private static readonly Json Perceived = Invocations.Run(new PerceptionAgent(), Snapshots.QuickStart);

    [Fact]
    public void Invoke_QuickStart_DirectsThePrimaryPlayer()
    {
        var answer = Run(Snapshots.QuickStart, null, ("perception", Perceived));
        var directions = answer.GetProperty("directions");

        Assert.Equal("p1", directions.GetProperty("player").GetString());
        Assert.Equal("accelerating", directions.GetProperty("tempo").GetString());
        Assert.Equal(0, directions.GetProperty("start").GetDouble());
        Assert.Equal(3.5, directions.GetProperty("duration").GetDouble());
        Assert.Equal(30, directions.GetProperty("fps").GetDouble());
        Assert.Equal("[1,2,2.5]", directions.GetProperty("peeks").GetRawText());
        var prompt = answer.GetProperty("prompt").GetString();
        Assert.StartsWith("An entry player (p1) ", prompt);
        Assert.Contains("3 times, furthest at 1 s, 2 s, 2.5 s.", prompt);
        Assert.Contains("1 more player around, none peeking", prompt);
    }

    [Fact]
    public void Invoke_PerceptionUnderAnyStep_IsFound()
    {
        var usual = Run("{}", null, ("perception", Perceived));
        var branches = Json.Parse($$"""{"perception": {{Perceived}}}""");

        Assert.Equal(usual.GetRawText(), Run("{}", null, ("eyes", Perceived), ("a", Json.Null)).GetRawText());
        Assert.Equal(usual.GetRawText(), Run("{}", null, ("fan_out", branches)).GetRawText());
        Assert.Equal(usual.GetRawText(), Run("{}", $$"""{"seen": {{Perceived}}}""").GetRawText());
    }

    [Fact]
    public void Invoke_NoPerception_ReadsTheSnapshot() => Assert.Equal(
        Run(Snapshots.QuickStart, null, ("perception", Perceived)).GetRawText(),
        Run(Snapshots.QuickStart, null).GetRawText());

    [Fact]
    public void Invoke_NobodyPeeks_StandsStill()
    {
        var answer = Run("{}", null);

        Assert.Contains("does not peek", answer.GetProperty("prompt").GetString());
        Assert.Equal(2, answer.GetProperty("directions").GetProperty("duration").GetDouble());
        Assert.Equal(0, answer.GetProperty("directions").GetProperty("peeks").GetArrayLength());
    }

    [Fact]
    public void Invoke_LatePeeks_BeginShortlyBeforeThem()
    {
        var directions = Run(Snapshots.WithPeeks(80.5, 82), null).GetProperty("directions");

        Assert.Equal(79, directions.GetProperty("start").GetDouble());
        Assert.Equal(4, directions.GetProperty("duration").GetDouble());
    }

    [Fact]
    public void Invoke_DurationAndFpsInTheInput_Win()
    {
        var directions = Run(Snapshots.QuickStart, """{"duration": 8.25, "fps": 24}""").GetProperty("directions");

        Assert.Equal(8.25, directions.GetProperty("duration").GetDouble());
        Assert.Equal(24, directions.GetProperty("fps").GetDouble());
    }

    [Fact]
    public void Invoke_PerceptionOfOddShape_SaysSo()
    {
        var agent = new PromptGeneratorAgent();
        var odd = Json.Parse("""{"players": [17], "total_peeks": 1}""");

        var invocation = Invocations.Of(agent, results: ("perception", odd));
        Refusal.Of(agent, invocation, "bad_input", "prompt_generator", "$.players");
    }

    private static JsonElement Run(string posted, string? stepInput, params (string, Json)[] results) =>
        Invocations.Run(new PromptGeneratorAgent(), posted, stepInput, results).Element;
}
