using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Schedules;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentGrid.Engine.Tests.Schedules;

/// <summary>Schedules on a virtual clock, which begins at midnight of 1 January 2026.</summary>
public sealed class ScheduleRunnerTests
{
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);

    private readonly ManualTime _time = new();
    private readonly FakeScheduleHost _host = new();

    [Fact]
    public async Task Look_TickComes_PostsItsRunOnce()
    {
        var runner = Runner("cron: \"0 * * * *\", input: { depth: 2 }");
        await LookAsync(runner);
        Assert.Empty(_host.Posted);

        await LookAsync(runner, s_hour);
        await LookAsync(runner);
        await LookAsync(new ScheduleRunner(_host, _time, NullLogger.Instance), TimeSpan.FromSeconds(1));

        var posted = Assert.Single(_host.Posted);
        Assert.Equal(("hourly/2026-01-01T01:00:00Z", "report"), (posted.Key.ToString(), posted.Plan));
        Assert.Equal("""{"match_id":"hourly","round":"2026-01-01T01:00:00Z","depth":2}""", posted.Input.ToString());
    }

    // Each of two silos looks at the same ticks, and one was away from the first of them to the second.
    [Fact]
    public async Task Look_ByTwo_OneRunATick()
    {
        var (one, other) = (Runner("cron: \"0 * * * *\", overlap: replace, catch_up: 5"), new ScheduleRunner(_host, _time, NullLogger.Instance));
        await LookAsync(one);
        await LookAsync(other);

        await LookAsync(one, s_hour);
        await LookAsync(one, s_hour);
        await LookAsync(other);

        Assert.Equal(["2026-01-01T01:00:00Z Cancelled", "2026-01-01T02:00:00Z"], _host.Rounds);
        Assert.Equal(2, _host.Posted.Count);
    }

    // One silo was held up, and has left out what another still holds to be due.
    [Fact]
    public async Task Look_AfterAnotherHasComeFurther_LeavesTheLateTickOut()
    {
        var (one, other) = (Runner("cron: \"0 * * * *\", overlap: replace"), new ScheduleRunner(_host, _time, NullLogger.Instance));
        await LookAsync(one);
        await LookAsync(other);

        await LookAsync(one, 2 * s_hour);
        Configure("cron: \"0 * * * *\", overlap: replace, catch_up: 5");
        await LookAsync(other);

        Assert.Equal(["2026-01-01T02:00:00Z"], _host.Rounds);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1, "2026-01-01T00:00:00Z")]
    [InlineData(3, "2025-12-31T22:00:00Z", "2025-12-31T23:00:00Z", "2026-01-01T00:00:00Z")]
    public async Task Look_AfterAnOutage_MakesUpForTheNewest(int catchUp, params string[] rounds)
    {
        _host.Outage = new Outage(_time.Now - (9.5 * s_hour), _time.Now);
        var runner = Runner($"cron: \"0 * * * *\", overlap: replace, catch_up: {catchUp}");

        await LookAsync(runner);
        Assert.Equal(rounds, _host.Posted.Select(static p => p.Key.Round));

        await LookAsync(runner, s_hour);
        Assert.Equal("2026-01-01T01:00:00Z", _host.Posted[^1].Key.Round);
    }

    // The runs that made up for it may have been removed by now.
    [Fact]
    public async Task Look_LongAfterAnOutage_LeavesItBe()
    {
        _host.Outage = new Outage(_time.Now - (9 * s_hour), _time.Now - (2 * s_hour));

        await LookAsync(Runner("cron: \"30 * * * *\""));

        Assert.Empty(_host.Posted);
    }

    [Theory]
    [InlineData("skip", "2026-01-01T01:00:00Z Completed", "2026-01-01T03:00:00Z")]
    [InlineData("queue", "2026-01-01T01:00:00Z Completed", "2026-01-01T02:00:00Z", "2026-01-01T03:00:00Z")]
    [InlineData("replace", "2026-01-01T01:00:00Z Cancelled", "2026-01-01T02:00:00Z Completed", "2026-01-01T03:00:00Z")]
    public async Task Look_WhileARunHasNotEnded_DoesAsItsOverlapSays(string overlap, params string[] rounds)
    {
        var runner = Runner($"cron: \"0 * * * *\", overlap: {overlap}");
        await LookAsync(runner);
        await LookAsync(runner, s_hour);
        await LookAsync(runner, s_hour);
        Assert.Equal(overlap == "replace" ? 2 : 1, _host.Posted.Count);

        _host.End(overlap == "replace" ? "2026-01-01T02:00:00Z" : "2026-01-01T01:00:00Z");
        await LookAsync(runner, s_hour / 2);
        Assert.Equal(overlap == "skip" ? 1 : 2, _host.Posted.Count);
        if (overlap == "queue")
        {
            await LookAsync(runner, s_hour / 2);
            Assert.Equal(2, _host.Posted.Count);
            _host.End("2026-01-01T02:00:00Z");
            await LookAsync(runner);
        }
        else
        {
            await LookAsync(runner, s_hour / 2);
        }
        Assert.Equal(rounds, _host.Rounds.Select(r => overlap == "queue" ? r.Replace("02:00:00Z Completed", "02:00:00Z", StringComparison.Ordinal) : r));
    }

    [Fact]
    public async Task Look_QueueOfMany_KeepsAsManyAsAreCaughtUp()
    {
        var runner = Runner("cron: \"0 * * * *\", overlap: queue, catch_up: 2");
        await LookAsync(runner);
        for (var i = 0; i < 6; i++)
        {
            await LookAsync(runner, s_hour);
        }
        Assert.Equal(["2026-01-01T01:00:00Z"], _host.Rounds);

        _host.End("2026-01-01T01:00:00Z");
        await LookAsync(runner);
        _host.End("2026-01-01T05:00:00Z");
        await LookAsync(runner);

        Assert.Equal(["2026-01-01T01:00:00Z Completed", "2026-01-01T05:00:00Z Completed", "2026-01-01T06:00:00Z"], _host.Rounds);
    }

    [Fact]
    public async Task Look_Edited_BeginsAnewFromThere()
    {
        var runner = Runner("cron: \"0 * * * *\", paused: true");
        await LookAsync(runner);
        await LookAsync(runner, 3 * s_hour);
        Configure("cron: \"0 * * * *\"");
        await LookAsync(runner, s_hour / 2);
        Assert.Empty(_host.Posted);
        await LookAsync(runner, s_hour / 2);
        Assert.Equal(["2026-01-01T04:00:00Z"], _host.Rounds);

        Configure("cron: \"10 * * * *\"");
        await LookAsync(runner, s_hour / 2);
        Assert.Single(_host.Posted);
    }

    [Fact]
    public async Task Look_NotAcceptedNow_IsTriedAgain_AndRefusedIsLeftOut()
    {
        var runner = Runner("cron: \"0 * * * *\"");
        await LookAsync(runner);
        _host.Answer = new SubmitResult.Overloaded(TimeSpan.FromSeconds(1), "full");
        await LookAsync(runner, s_hour);
        _host.Answer = null;
        await LookAsync(runner, TimeSpan.FromSeconds(1));
        Assert.Equal(["2026-01-01T01:00:00Z"], _host.Rounds);

        _host.End("2026-01-01T01:00:00Z");
        _host.Answer = new SubmitResult.Invalid([]);
        await LookAsync(runner, s_hour);
        _host.Answer = null;
        await LookAsync(runner, TimeSpan.FromSeconds(1));
        Assert.Single(_host.Rounds);
    }

    [Fact]
    public async Task Look_BeforeTheConfigurationIsThere_MissesNothing()
    {
        _host.Outage = new Outage(_time.Now - s_hour, _time.Now);
        var runner = new ScheduleRunner(_host, _time, NullLogger.Instance);
        await LookAsync(runner);
        Configure("cron: \"30 * * * *\"");

        await LookAsync(runner, TimeSpan.FromSeconds(1));

        Assert.Equal(["2025-12-31T23:30:00Z"], _host.Rounds);
    }

    private ScheduleRunner Runner(string keys)
    {
        Configure(keys);
        return new ScheduleRunner(_host, _time, NullLogger.Instance);
    }

    private void Configure(string keys)
    {
        var read = ConfigReader.Read(
            [
                new("plans/p.yaml", "plans: { report: { steps: { a: { wait: { signal: go } } } } }"),
                new("schedules.yaml", $"schedules: {{ hourly: {{ plan: report, {keys} }} }}"),
            ],
            AgentCatalog.Discover([]));
        _host.Config = read.Config ?? throw new InvalidOperationException(string.Join("; ", read.Problems));
    }

    private async Task LookAsync(ScheduleRunner runner, TimeSpan after = default)
    {
        _time.Advance(after);
        await runner.LookAsync(TestContext.Current.CancellationToken);
    }
}
