using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Tests.Config;

/// <summary>What <c>schedules.yaml</c> says.</summary>
public sealed class SchedulesConfigTests
{
    private const string Plans = """
        plans:
          report: { input_schema: { properties: { depth: { type: integer } } }, steps: { a: { wait: { signal: go } } } }
        """;

    [Fact]
    public void Read_EveryKey_IsTaken()
    {
        var schedule = Assert.Single(Read("""
            nightly: { cron: "0 3 * * *", time_zone: Europe/Berlin, plan: report, input: { depth: 2 }, labels: { team: blue }, overlap: queue, catch_up: 3, paused: true }
            """).Config!.Schedules).Value;

        Assert.Equal(("nightly", "0 3 * * *", "Europe/Berlin", "report"), (schedule.Name, schedule.Cron, schedule.TimeZone, schedule.Plan));
        Assert.Equal((Overlap.Queue, 3, true), (schedule.Overlap, schedule.CatchUp, schedule.Paused));
        Assert.Equal("team:blue", schedule.Labels!.ToString());
        var tick = schedule.NextAfter(At("2026-01-05T12:00:00Z"))!.Value;
        Assert.Equal("nightly/2026-01-06T02:00:00Z", schedule.KeyOf(tick).ToString());
        Assert.Equal(
            """{"match_id":"nightly","round":"2026-01-06T02:00:00Z","depth":2}""", schedule.InputOf(tick).ToString());
    }

    [Fact]
    public void Read_WithoutTheRest_HasDefaults()
    {
        var schedule = Read("often: { cron: \"*/5 * * * * *\", plan: report }").Config!.Schedules["often"];

        Assert.Equal(("UTC", Overlap.Skip, 1, false), (schedule.TimeZone, schedule.Overlap, schedule.CatchUp, schedule.Paused));
        Assert.Equal(At("2026-01-05T00:00:05Z"), schedule.NextAfter(At("2026-01-05T00:00:00Z")));
    }

    [Theory]
    [InlineData("a: { plan: report }", ConfigCodes.Missing, "the schedule 'a' needs 'cron: \"0 3 * * *\"', its times.")]
    [InlineData("a: { cron: \"@daily\" }", ConfigCodes.Missing, "the schedule 'a' needs 'plan: <name>'")]
    [InlineData("a: { cron: \"0 25 * * *\", plan: report }", ConfigCodes.BadCron, "expected minute, hour, day of the month")]
    [InlineData("a: { cron: nightly, plan: report }", ConfigCodes.BadCron, "'nightly' is not a cron expression")]
    [InlineData("a: { cron: \"@daily\", plan: report, time_zone: Europe/Berlim }", ConfigCodes.UnknownTimeZone, "did you mean 'Europe/Berlin'?")]
    [InlineData("a: { cron: \"@daily\", plan: raport }", ConfigCodes.UnknownPlan, "unknown plan 'raport', did you mean 'report'?")]
    [InlineData("a: { cron: \"@daily\", plan: report, overlab: skip }", ConfigCodes.UnknownKey, "did you mean 'overlap'?")]
    [InlineData("a: { cron: \"@daily\", plan: report, overlap: allow }", ConfigCodes.UnknownWord, "known: queue, replace, skip.")]
    [InlineData("a: { cron: \"@daily\", plan: report, catch_up: 101 }", ConfigCodes.OutOfRange, "0 to 100")]
    [InlineData("a: { cron: \"@daily\", plan: report, labels: { Team: x } }", ConfigCodes.BadLabel, "'Team' is not the name of a label")]
    [InlineData("a: { cron: \"@daily\", plan: report, input: [1] }", ConfigCodes.WrongType, "expected a mapping")]
    [InlineData("a: { cron: \"@daily\", plan: report, input: { round: x } }", ConfigCodes.Contradiction, "'round' is set by the schedule")]
    [InlineData("a: { cron: \"@daily\", plan: report, input: { depth: x } }", ConfigCodes.UnfitInput, "depth: ")]
    [InlineData("\"a b\": { cron: \"@daily\", plan: report }", ConfigCodes.BadName, "a b")]
    public void Read_Mistake_SaysWhatAndWhere(string schedule, string code, string message)
    {
        var problem = Assert.Single(Read(schedule).Problems);

        Assert.Equal((code, "schedules.yaml", 2), (problem.Code, problem.File, problem.Line));
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
    }

    // By Cronos: what the clock leaves out is done when it goes on, and what it does twice is done once.
    [Theory]
    [InlineData("30 2 * * *", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z")]
    [InlineData("30 2 * * *", "2026-10-24T23:00:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z")]
    public void Ticks_WhenClocksChange_AreEachOnce(string cron, string after, params string[] expected)
    {
        var schedule = Read($"a: {{ cron: \"{cron}\", plan: report, time_zone: Europe/Berlin }}").Config!.Schedules["a"];

        var ticks = schedule.Ticks(At(after), At(expected[^1]), 9);

        Assert.Equal(expected, ticks.Select(TimeText.Format));
    }

    [Fact]
    public void Find_AnotherSchedule_IsSaidInTheWordsOfTheFile()
    {
        var before = Read("a: { cron: \"0 3 * * *\", plan: report, input: { depth: 1 } }").Config!;
        var after = Read("a: { cron: \"0 4 * * *\", plan: report, input: { depth: 2 } }\n  b: { cron: \"@daily\", plan: report }").Config!;

        Assert.Equal(
            ["schedule 'a' cron 0 3 * * * -> 0 4 * * *", "schedule 'a' input.depth changed", "schedule 'b' added"],
            ConfigDifferences.Find(before, after));
    }

    private static ConfigResult Read(string schedules) => ConfigReader.Read(
        [new("plans/p.yaml", Plans), new("schedules.yaml", $"schedules:\n  {schedules}\n")], AgentCatalog.Discover([]));

    private static DateTimeOffset At(string text) => TimeText.Parse(text)!.Value;
}
