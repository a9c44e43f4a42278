using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Slots;
using AgentGrid.Simulation.Faults;
using AgentGrid.Simulation.Grid;

namespace AgentGrid.Simulation.Tests.Faults;

public sealed class FaultSimulationTests
{
    private const string TwoSteps = """
        { "timeout": "10m", "steps": { "read": { "agent": "reader" }, "paint": { "agent": "painter", "needs": ["read"] } } }
        """;

    private static readonly GridConfig s_config = Configs.Of([Agent("reader", "general"), Agent("painter", "gpu")], ("two", TwoSteps));

    private static readonly ImmutableArray<NodeState> s_nodes =
    [
        new NodeState { Name = "cpu", Queues = ["general"] }, new NodeState { Name = "gpu", Queues = ["gpu"] },
    ];

    [Fact]
    public void Run_NothingWrong_CompletesInTheTimesThatWereSaid()
    {
        var report = Simulate(Options() with { Durations = Durations(("reader", 2, 2), ("painter", 5, 5)) });

        Assert.Empty(report.Broken);
        Assert.Equal((50, 50), (report.WithFaults.Runs, report.WithFaults.Completed));
        Assert.Equal((7, 7), (report.WithFaults.P50Seconds, report.WithFaults.MaxSeconds));
    }

    [Theory]
    [InlineData("node")]
    [InlineData("gpu")]
    [InlineData("process")]
    public void Run_SomethingDiesInTheMiddleAndComesBack_CompletesWithoutATryMore(string kill)
    {
        var report = Simulate(Options() with { Kills = [kill], Back = TimeSpan.FromSeconds(20) });

        Assert.Empty(report.Broken);
        Assert.Equal(report.WithFaults.Runs, report.WithFaults.Completed);
        Assert.Equal(0, report.WithFaults.Retries);
        Assert.True(report.WithFaults.MaxSeconds > report.WithoutFaults.MaxSeconds);
        Assert.Contains(report.Example!.Timeline, static e => e.IsFault && e.What.EndsWith("dies", StringComparison.Ordinal));
    }

    [Fact]
    public void Run_OnlyGpuNodeStaysAway_FailsWhereItIsNeeded()
    {
        var report = Simulate(Options() with { Kills = ["gpu"], Back = TimeSpan.FromDays(1) });

        Assert.Empty(report.Broken);
        var failed = Assert.Single(report.FailedSteps);
        Assert.Equal((null, "run_timeout"), (failed.Step, failed.Code));
        Assert.Contains(report.Example!.Timeline, static e => e.What == "paint #1: waits for a slot of 'painter'");
        Assert.Equal("failed", report.Example.Status);
        Assert.True(failed.Count > 40, $"{failed}");
    }

    [Fact]
    public void Run_NodeOfOneProcessDies_IsTheProcess()
    {
        var report = Simulate(Options() with { Nodes = [new NodeState { Name = "local" }], Kills = ["node"] });

        Assert.Empty(report.Broken);
        Assert.Equal(50, report.WithFaults.Completed);
        Assert.Equal(50, report.WithFaults.Lost);
        Assert.Contains(report.Example!.Timeline, static e => e.What == "the process dies, and all that runs in it");
    }

    [Fact]
    public void Run_ProcessDiesWhereNodesGoOn_LosesNothing()
    {
        var report = Simulate(Options() with { Kills = ["process"], Back = TimeSpan.FromSeconds(5) });

        Assert.Equal((50, 0), (report.WithFaults.Completed, report.WithFaults.Lost));
    }

    [Fact]
    public void Run_EveryAttemptFails_SaysWhere()
    {
        var report = Simulate(Options() with { Failures = 1 });

        Assert.Equal(new FailedStep("read", "simulated", 50, 1), Assert.Single(report.FailedSteps));
        Assert.Equal(50, report.WithFaults.Failed);
    }

    [Fact]
    public void Run_AttemptsHang_RunIntoTheirTimeout()
    {
        var report = Simulate(Options() with { Hangs = 1 });

        Assert.Equal(("read", "timeout"), (report.FailedSteps[0].Step, report.FailedSteps[0].Code));
        Assert.Equal(30, report.WithFaults.P50Seconds);
    }

    [Fact]
    public void Run_SameSeed_IsTheSame()
    {
        var options = Options() with { Kills = ["node", "process"], Failures = 0.2, Hangs = 0.05, Runs = 5 };

        Assert.Equal($"{Json.From(Simulate(options))}", $"{Json.From(Simulate(options))}");
        var all = Simulate(options);
        var again = new FaultSimulation(options).Run(all.Example!.Seed, 1);
        Assert.Equal($"{Json.From(all.Example)}", $"{Json.From(again.Example)}");
    }

    [Fact]
    public void Run_EachOverALookedUpList_HasThreeItems()
    {
        var config = Configs.Of(
            [Agent("reader", "general"), Agent("painter", "gpu")],
            ("each", """
                { "steps": {
                    "read": { "agent": "reader", "mode": "each", "for_each": "input.pages.all" },
                    "paint": { "agent": "painter", "needs": ["read"], "mode": "each", "for_each": "read" } } }
                """));

        var report = new FaultSimulation(Options() with { Config = config, Plan = "each" }).Run(1, 5);

        Assert.Equal(5, report.WithFaults.Completed);
        Assert.Contains(report.Example!.Timeline, static e => e.What == "read: 3 branches, 3 must succeed");
        Assert.Contains(report.Example!.Timeline, static e => e.What == "paint: 3 branches, 3 must succeed");
    }

    [Fact]
    public void Run_Approval_IsGiven()
    {
        var config = Configs.Of([Agent("reader", "general")], ("ask", """
            { "steps": { "ok": { "approve": { "title": "Go on?" } }, "read": { "agent": "reader", "needs": ["ok"] } } }
            """));

        var report = new FaultSimulation(Options() with { Config = config, Plan = "ask", Kills = ["process"] }).Run(1, 20);

        Assert.Empty(report.Broken);
        Assert.Equal(20, report.WithFaults.Completed);
    }

    [Fact]
    public void Run_InputThatThePlanRefuses_SaysWhy()
    {
        var config = Configs.Of([Agent("reader", "general")], ("strict", """
            { "input_schema": { "type": "object", "required": ["page"] }, "steps": { "read": { "agent": "reader" } } }
            """));

        var refused = Assert.Throws<FaultInputException>(() => new FaultSimulation(Options() with { Config = config, Plan = "strict" }).Run(1, 3));

        Assert.Contains("page", refused.Message);
    }

    /// <summary>Whatever plans say, and whatever dies: every promise holds.</summary>
    [Fact]
    public void Run_RandomPlans_KeepAllPromises()
    {
        var (runs, lost, completed) = (0, 0, 0);
        for (var seed = 1; seed <= 150; seed++)
        {
            var random = new Random(seed);
            AgentConfig[] agents =
            [
                .. Enumerable.Range(0, 4).Select(i => new AgentConfig
                {
                    Name = $"agent{i}",
                    Capabilities = [i < 3 ? "work" : "other"],
                    MaxConcurrency = random.Next(1, 3),
                    Timeout = TimeSpan.FromSeconds(random.Next(2, 20)),
                    Retry = new RetryPolicy { MaxAttempts = random.Next(1, 4) },
                }),
            ];
            var config = Configs.Of(
                agents, ("outer", RandomPlan.Make(random, 7, true, "inner").ToString()), ("inner", RandomPlan.Make(random, 3).ToString()));
            var report = new FaultSimulation(new FaultOptions
            {
                Config = config,
                Plan = "outer",
                Input = Json.Parse("""{ "flag": true, "items": [1, 2, 3] }"""),
                Nodes = [.. Enumerable.Range(0, random.Next(1, 4)).Select(static i => new NodeState { Name = $"n{i}" })],
                Kills = ["node", "process"],
                Times = 2,
                Back = TimeSpan.FromSeconds(random.Next(1, 30)),
                Failures = 0.1,
                Hangs = 0.05,
                Runs = 4,
            }).Run(seed * 100, 2);
            Assert.True(report.Broken.IsEmpty, $"seed {seed}: {string.Join("; ", report.Broken)}");
            runs += report.WithFaults.Runs;
            lost += report.WithFaults.Lost;
            completed += report.WithFaults.Completed;
        }
        Assert.True(runs > 1_000 && lost > 100 && completed > 100, $"{runs} runs, {lost} lost, {completed} completed");
    }

    [Fact]
    public void Promises_OfAResultThatIsRecordedTwice_AreBroken() =>
        Assert.Contains("cannot follow each other", Break(static run => run.Events.Add(run.Events.OfType<RunEvent.AttemptSucceeded>().First())));

    [Fact]
    public void Promises_OfAnEndThatIsMissing_AreBroken() =>
        Assert.Contains("by its events", Break(static run => run.Events.RemoveAt(run.Events.Count - 1)));

    [Fact]
    public void Promises_OfATryTooMany_AreBroken()
    {
        var strict = Configs.Of([Agent("reader", "general") with { Retry = RetryPolicy.None }], ("one", """{ "steps": { "read": { "agent": "reader" } } }"""));
        var lenient = Configs.Of(
            [Agent("reader", "general") with { Retry = new RetryPolicy { MaxAttempts = 3 } }], ("one", """{ "steps": { "read": { "agent": "reader" } } }"""));
        var grid = RunOnce(lenient, "one", failures: 1);

        Assert.Null(Promises.Broken(grid, lenient));
        Assert.Equal("'reader' was tried 3 times for step 'read' of run 'm/1', and may be 1 times.", Promises.Broken(grid, strict));
    }

    private static string? Break(Action<KeptRun> harm)
    {
        var grid = RunOnce(s_config, "two", failures: 0);
        Assert.Null(Promises.Broken(grid, s_config));
        harm(Assert.Single(grid.Runs));
        return Promises.Broken(grid, s_config);
    }

    private static SimulatedGrid RunOnce(GridConfig config, string plan, double failures)
    {
        var options = Options() with { Config = config, Failures = failures };
        var grid = new SimulatedGrid(new SimulationSetup
        {
            Config = config,
            Nodes = s_nodes,
            Agents = new MadeUpAgents(options, new Random(1)),
            KeepsRuns = true,
        });
        grid.Submit(new Core.Grid.SubmitRun(new RunKey("m", "1"), Json.EmptyObject, plan));
        while (grid.Step(TimeSpan.MaxValue))
        {
        }
        return grid;
    }

    private static FaultReport Simulate(FaultOptions options) => new FaultSimulation(options).Run(1, 50 / options.Runs);

    private static FaultOptions Options() => new() { Config = s_config, Plan = "two", Nodes = s_nodes };

    private static ImmutableDictionary<string, DurationRange> Durations(params (string Agent, double Least, double Most)[] seconds) =>
        seconds.ToImmutableDictionary(static s => s.Agent, static s => new DurationRange(TimeSpan.FromSeconds(s.Least), TimeSpan.FromSeconds(s.Most)));

    private static AgentConfig Agent(string name, string queue) =>
        new() { Name = name, Capabilities = [name], Queue = queue, MaxConcurrency = 4, Timeout = TimeSpan.FromSeconds(30) };
}
