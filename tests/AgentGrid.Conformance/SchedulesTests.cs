using AgentGrid.Conformance.Cast;
using AgentGrid.Conformance.Hosting;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Runs at set times.</summary>
public abstract class SchedulesTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    private const string File = "schedules.yaml";

    protected override GridSetup Setup { get; } = new()
    {
        Files =
        [
            Actors.Config, new ConfigFile("plans/tick.yaml", "plans: { tick: { steps: { a: { agent: alpha } } } }"),
            Schedules("* * * * * *", paused: true),
        ],
    };

    // Every second, on all silos of a cluster.
    [Fact]
    public async Task Schedule_EachTick_HasOneRun()
    {
        var before = Assert.Single(await Grid.GetSchedulesAsync());
        Assert.Equal(("often", true, null, null), (before.Name, before.Paused, before.NextTick, before.LastRun));

        await Host.EditAsync(File, Schedules("* * * * * *", paused: false).Text);
        await Limits.EventuallyAsync(
            async () => (await RunsAsync()).Count >= 3, async () => $"{(await RunsAsync()).Count} runs were posted");
        var now = Assert.Single(await Grid.GetSchedulesAsync());
        await Host.EditAsync(File, Schedules("0 0 1 1 *", paused: false).Text);
        Assert.Equal("0 0 1 1 *", Assert.Single(await Grid.GetSchedulesAsync()).Cron);

        Assert.Equal(("* * * * * *", "UTC", "tick", Overlap.Replace, 1, false), (
            now.Cron, now.TimeZone, now.Plan, now.Overlap, now.CatchUp, now.Paused));
        Assert.NotNull(now.NextTick);
        Assert.Equal("often", now.LastRun!.MatchId);
        var rounds = (await RunsAsync()).Select(static r => TimeText.Parse(r.Round)!.Value).Reverse().ToArray();
        Assert.Equal(rounds.Distinct(), rounds);
        Assert.All(await RunsAsync(), static r => Assert.Equal(("tick", "team:blue"), (r.Plan, r.Labels?.ToString())));
        var ended = await EndOfAsync((await RunsAsync())[^1]);
        Assert.Equal($$"""{"match_id":"often","round":"{{ended.Summary.Round}}","depth":2}""", ended.Input.ToString());
    }

    private static ConfigFile Schedules(string cron, bool paused) => new(
        File, $$"""schedules: { often: { cron: "{{cron}}", plan: tick, input: { depth: 2 }, labels: { team: blue }, overlap: replace, paused: {{(paused ? "true" : "false")}} } }""");

    private async Task<IReadOnlyList<RunSummary>> RunsAsync() => (await Grid.ListRunsAsync(new RunQuery(MatchId: "often"))).Runs;
}
