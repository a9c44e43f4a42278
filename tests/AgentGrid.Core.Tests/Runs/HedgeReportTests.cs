using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

/// <summary>What backups have cost and gained, added up from the runs.</summary>
public sealed class HedgeReportTests
{
    private const string Plan = """{"steps":{"a":{"capability":"work","hedge":{"after":"1s"}},"b":{"needs":["a"],"capability":"work"}}}""";
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Build_RunsOfAllKinds_CountsWhatBackupsCostAndGained()
    {
        var reports = new HedgeReports("p");
        reports.Add(Ended(Run().Sleep(0.5 * Second).Succeeds("a")));
        reports.Add(Ended(Won(new AttemptStop(HasStopped: true, Acknowledged: true, Seconds: 1.5, GpuSeconds: 1.5))));
        reports.Add(Ended(Won(new AttemptStop(HasStopped: true, Acknowledged: false, Seconds: 4))));
        reports.Add(Ended(Lost()));
        reports.Add(Ended(Run().After(Second).When(new RunInput.RefuseHedge("a", 2, "used up")).Sleep(Second).Succeeds("a")));

        var report = reports.Build();

        Assert.Equal(("p", 5, RunScenario.Start), (report.Plan, report.Runs, report.Since));
        var step = Assert.Single(report.Steps);
        Assert.Equal(("a", 5), (step.Step, step.Executions));
        Assert.Equal((3, 2, 1, 1, 0), (step.Started, step.Won, step.Lost, step.Refused, step.DidNotStop));
        // Two that lost to their backups, and a backup of which nothing was heard since it was told to stop.
        Assert.Equal((1.5 + 4 + 0.25, 1.5), (step.LostSeconds, step.LostGpuSeconds));
        // 0.5, 1.5, 1.5, 1.25 and 2 seconds; without backups at least 0.5, 1.5, 4, 1.25 and 2.
        Assert.Equal(new HedgeLatency(1_500, 2_000), step.WithMs);
        Assert.Equal(new HedgeLatency(1_500, 4_000), step.WithoutMs);
        Assert.Equal((2.5, 1), (step.SavedSeconds, step.AtLeast));
    }

    [Fact]
    public void Build_ItemsWithBackups_EachIsAnExecution()
    {
        const string plan = """{"steps":{"a":{"capability":"work","mode":"each","for_each":"input.list","hedge":{"after":"1s"}}}}""";
        var run = new RunScenario(plan, Agents(), """{"list":[1,2]}""").Started();
        run.Sleep(0.5 * Second).Succeeds("a", 2).Sleep(0.5 * Second).After(TimeSpan.Zero).When(new RunInput.GrantSlot("a", 3, "n"));
        run.Sleep(0.5 * Second).Succeeds("a", 3).When(new RunInput.ReportStop("a", 1, new AttemptStop(true, Acknowledged: false, Seconds: 4)));
        var reports = new HedgeReports("p");
        reports.Add(Ended(run));

        var step = Assert.Single(reports.Build().Steps);
        Assert.Equal((2, 1, 1, 0), (step.Executions, step.Started, step.Won, step.Lost));
        Assert.Equal((2.5, 4, 0), (step.SavedSeconds, step.LostSeconds, step.AtLeast));
        Assert.Equal(new HedgeLatency(500, 1_500), step.WithMs);
        Assert.Equal(new HedgeLatency(500, 4_000), step.WithoutMs);
    }

    [Fact]
    public void Build_LoserThatDidNotStop_IsCountedAndRunsOn()
    {
        var reports = new HedgeReports("p");
        reports.Add(Ended(Won(new AttemptStop(HasStopped: false, Acknowledged: false, Seconds: 11.5))));

        var step = Assert.Single(reports.Build().Steps);
        Assert.Equal((1, 11.5, 1), (step.DidNotStop, step.LostSeconds, step.AtLeast));
        Assert.Equal(10, step.SavedSeconds);
    }

    [Fact]
    public void Build_FirstAttemptFails_IsNoExecutionToCompare()
    {
        var reports = new HedgeReports("p");
        reports.Add(Ended(Run().Fails("a").Succeeds("a", 2)));

        var step = Assert.Single(reports.Build().Steps);
        Assert.Equal((0, 0, null), (step.Executions, step.Started, step.WithMs));
    }

    [Fact]
    public void Build_NoBackups_HasNoSteps()
    {
        var reports = new HedgeReports("p");
        Assert.Equal((0, null), (reports.Build().Runs, reports.Build().Since));

        reports.Add(Ended(new RunScenario("""{"steps":{"a":{"capability":"work","mode":"race"}}}""", Agents()).Started().Succeeds("a")));
        Assert.Empty(reports.Build().Steps);
    }

    private static RunDetails Ended(RunScenario run) => RunDetailsBuilder.Build(run.State);

    private static RunScenario Run() => new RunScenario(Plan, Agents()).Started();

    private static RunScenario Won(AttemptStop stop) => Run().After(Second).When(new RunInput.GrantSlot("a", 2, "n"))
        .Sleep(0.5 * Second).Succeeds("a", 2).When(new RunInput.ReportStop("a", 1, stop));

    private static RunScenario Lost() => Run().After(Second).When(new RunInput.GrantSlot("a", 2, "n"))
        .Sleep(0.25 * Second).Succeeds("a");

    private static FakeRouting Agents() => new FakeRouting().With("best", "work", priority: 10).With("other", "work");
}
