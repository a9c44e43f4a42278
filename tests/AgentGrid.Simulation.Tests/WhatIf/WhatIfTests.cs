using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Slots;
using AgentGrid.Simulation.Faults;
using AgentGrid.Simulation.Grid;
using AgentGrid.Simulation.History;
using AgentGrid.Simulation.WhatIf;

namespace AgentGrid.Simulation.Tests.WhatIf;

/// <summary>Journals are made by a simulated grid: so what must come out is known to the tick.</summary>
public sealed class WhatIfTests
{
    private const string Plan = """
        { "timeout": "30m", "steps": {
            "read": { "capability": "read" },
            "parts": { "agent": "splitter", "needs": ["read"], "mode": "each", "for_each": "input.parts" },
            "fast": { "capability": "paint", "needs": ["parts"], "mode": "race", "hedge_after": "2s" },
            "checks": { "capability": ["check", "read"], "needs": ["fast"], "mode": "all", "require": 1 },
            "more": { "plan": "inner", "needs": ["fast"], "with": {} } } }
        """;

    private const string Inner = """{ "steps": { "read": { "agent": "reader" } } }""";

    private static readonly AgentConfig[] s_agents =
    [
        Agent("reader", "read", 2), Agent("reader2", "read", 1), Agent("splitter", "split", 2), Agent("painter", "paint", 1), Agent("painter2", "paint", 1),
        Agent("checker", "check", 2),
    ];

    private static readonly GridConfig s_config = Configs.Of(s_agents, ("outer", Plan), ("inner", Inner));
    private static readonly ImmutableArray<NodeState> s_nodes = [new NodeState { Name = "a" }];

    [Fact]
    public async Task Replay_WithTheSameConfiguration_IsTheJournal()
    {
        var report = await ReplayAsync(Journal(s_config, 40, failures: 0.25), new WhatIfOptions { Config = s_config });

        var plan = Assert.Single(report.Plans);
        Assert.Equal(plan.Recorded, plan.WhatIf);
        Assert.Equal(report.Recorded, report.WhatIf);
        Assert.Equal(40, report.WhatIf.Completed + report.WhatIf.Failed);
        Assert.True(report.WhatIf.Failed > 0 && report.WhatIf.Completed > 10, $"{report.WhatIf}");
        Assert.Empty(report.Placements);
        Assert.All(report.Agents, static a => Assert.Equal(a.Recorded with { BusySeconds = 0 }, a.WhatIf with { BusySeconds = 0 }));
        Assert.Equal(0, report.Answers.Unknown);
        Assert.Empty(report.LeftOut);
        Assert.Equal(["a"], report.Nodes);
    }

    [Fact]
    public async Task Replay_WithFewerSlots_TakesLonger()
    {
        var fewer = Configs.Of([.. s_agents.Select(static a => a with { MaxConcurrency = 1 })], ("outer", Plan), ("inner", Inner));

        var plan = Assert.Single((await ReplayAsync(Journal(s_config, 40), new WhatIfOptions { Config = fewer })).Plans);

        Assert.True(plan.WhatIf.P50Seconds > plan.Recorded.P50Seconds, $"{plan}");
        Assert.True(plan.WhatIf.P99Seconds > plan.Recorded.P99Seconds, $"{plan}");
    }

    [Fact]
    public async Task Replay_AtTwiceTheLoad_WaitsLongerAndEndsNoLater()
    {
        var report = await ReplayAsync(Journal(s_config, 60), new WhatIfOptions { Config = s_config, Load = 2 });

        Assert.True(report.Plans[0].WhatIf.P99Seconds > report.Plans[0].Recorded.P99Seconds, $"{report.Plans[0]}");
        Assert.True(report.WhatIf.SpanSeconds <= report.Recorded.SpanSeconds, $"{report}");
        Assert.Contains(report.Agents, static a => a.WhatIf.WaitP99Seconds > a.Recorded.WaitP99Seconds);
    }

    [Fact]
    public async Task Replay_WithAnotherAgentInFront_SaysWhoDoesWhatInsteadAndWhy()
    {
        var other = Configs.Of(
            [.. s_agents.Select(static a => a.Name == "reader2" ? a with { Priority = 10 } : a)], ("outer", Plan), ("inner", Inner));

        var report = await ReplayAsync(Journal(s_config, 20), new WhatIfOptions { Config = other });

        var change = report.Placements.First(static p => p is { Step: "read", Was: "reader@a" });
        Assert.Equal(("outer", "reader2@a"), (change.Plan, change.WouldBe));
        Assert.True(change.Count > 5, $"{change}");
        Assert.NotEmpty(change.Why);
        Assert.True(report.Answers.Sampled > 0, $"{report.Answers}");
    }

    [Fact]
    public async Task Replay_OnOtherNodes_PlacesThere()
    {
        ImmutableArray<NodeState> nodes = [new NodeState { Name = "x" }, new NodeState { Name = "y" }];

        var report = await ReplayAsync(Journal(s_config, 20), new WhatIfOptions { Config = s_config, Nodes = nodes });

        Assert.Equal(["x", "y"], report.Nodes);
        Assert.Contains(report.Placements, static p => p.WouldBe.EndsWith("@x", StringComparison.Ordinal));
        Assert.Contains(report.Placements, static p => p.WouldBe.EndsWith("@y", StringComparison.Ordinal));
        Assert.True(report.Plans[0].WhatIf.P99Seconds <= report.Plans[0].Recorded.P99Seconds, $"{report.Plans[0]}");
    }

    [Fact]
    public async Task Replay_OfAnAgentThatTheJournalDoesNotKnow_SaysHowOften()
    {
        var other = Configs.Of(
            [.. s_agents.Where(static a => a.Name != "splitter"), Agent("splitter2", "split", 4)],
            ("outer", Plan.Replace("\"splitter\"", "\"splitter2\"", StringComparison.Ordinal)), ("inner", Inner));

        var report = await ReplayAsync(Journal(s_config, 10), new WhatIfOptions { Config = other });

        Assert.InRange(report.Answers.Unknown, 20, 60);
        Assert.True(report.WhatIf.Completed > 0);
    }

    [Fact]
    public async Task Replay_WithoutAPlan_LeavesItsRunsOut()
    {
        var without = Configs.Of(s_agents, ("inner", Inner));

        var report = await ReplayAsync(Journal(s_config, 7), new WhatIfOptions { Config = without });

        Assert.Equal(0, report.Runs);
        Assert.Equal(new LeftOutRuns("outer", 7, "There is no plan 'outer'; there are: inner."), Assert.Single(report.LeftOut));
    }

    [Fact]
    public async Task Replay_OfAttemptsThatRanOutOfTime_DoesNotKnowMore()
    {
        var config = Configs.Of([Agent("reader", "read", 1) with { Timeout = TimeSpan.FromSeconds(5) }], ("inner", Inner));
        var longer = Configs.Of([Agent("reader", "read", 1)], ("inner", Inner));
        var journal = Journal(config, 10, plan: "inner", hangs: 0.5, failures: 0);

        var same = await ReplayAsync(journal, new WhatIfOptions { Config = config });
        var other = await ReplayAsync(Journal(config, 10, plan: "inner", hangs: 0.5, failures: 0), new WhatIfOptions { Config = longer });

        Assert.Equal(same.Recorded, same.WhatIf);
        Assert.True(same.Answers.CutOff >= 2 * same.WhatIf.Failed && same.WhatIf.Failed > 0, $"{same.Answers} {same.WhatIf}");
        Assert.Equal(10, other.WhatIf.Completed);
        Assert.InRange(other.Answers.CutOff, 1, same.Answers.CutOff);
    }

    [Fact]
    public async Task Replay_OfDecisions_WaitsAsLongForThem()
    {
        var config = Configs.Of([Agent("reader", "read", 1)], ("ask", """
            { "steps": { "read": { "agent": "reader" }, "ok": { "approve": { "title": "Go on?" }, "needs": ["read"] },
                         "go": { "wait": { "signal": "go" }, "needs": ["ok"] } } }
            """));

        var report = await ReplayAsync(Journal(config, 10, plan: "ask"), new WhatIfOptions { Config = config });

        Assert.Equal(10, report.WhatIf.Completed);
        Assert.Equal(report.Plans[0].Recorded, report.Plans[0].WhatIf);
    }

    [Fact]
    public async Task Replay_OfNothing_IsEmpty()
    {
        var report = await ReplayAsync([], new WhatIfOptions { Config = s_config });

        Assert.Equal((0, null), (report.Runs, report.From));
    }

    [Fact]
    public async Task Replay_WhoseJournalCannotBeReadOn_Throws() =>
        await Assert.ThrowsAsync<IOException>(() => new WhatIfReplay(new WhatIfOptions { Config = s_config }).RunAsync(Broken(), CancellationToken.None));

    [Fact]
    public async Task Replay_SameSeed_IsTheSame()
    {
        var other = Configs.Of(
            [.. s_agents.Select(static a => a.Name == "reader2" ? a with { Priority = 10 } : a)], ("outer", Plan), ("inner", Inner));

        var (one, two) = (
            await ReplayAsync(Journal(s_config, 30), new WhatIfOptions { Config = other }),
            await ReplayAsync(Journal(s_config, 30), new WhatIfOptions { Config = other }));

        Assert.Equal($"{Json.From(one)}", $"{Json.From(two)}");
    }

    private static async Task<WhatIfReport> ReplayAsync(IEnumerable<RecordedRun> journal, WhatIfOptions options) =>
        await new WhatIfReplay(options).RunAsync(journal.ToAsyncEnumerable(), CancellationToken.None);

    private static async IAsyncEnumerable<RecordedRun> Broken()
    {
        yield return Journal(s_config, 1)[0];
        await Task.Yield();
        throw new IOException("the disk is gone");
    }

    private static RecordedRun[] Journal(GridConfig config, int runs, string plan = "outer", double hangs = 0, double failures = 0.05)
    {
        var options = new FaultOptions { Config = config, Plan = plan, Nodes = s_nodes, Failures = failures, Hangs = hangs };
        SimulatedGrid grid = null!;
        grid = new SimulatedGrid(new SimulationSetup
        {
            Config = config,
            Nodes = s_nodes,
            Agents = new MadeUpAgents(options, new Random(5)),
            KeepsRuns = true,
            Seed = 5,
            Turned = (run, events) =>
            {
                foreach (var wait in events.OfType<RunEvent.StepWaiting>())
                {
                    var asks = run[wait.Step].Step.Wait!.Approval is not null;
                    grid.After(TimeSpan.FromSeconds(9), () => grid.Post(
                        run.Id, new RunInput.ReceiveSignal(wait.Signal, Json.Parse(asks ? """{"approved":true}""" : "1"), "somebody", null, asks)));
                }
            },
        });
        for (var i = 0; i < runs; i++)
        {
            grid.RunUntil(TimeSpan.FromSeconds(6 * i));
            var input = Json.Parse("""{ "parts": [1, 2, 3] }""");
            Assert.IsType<SubmitResult.Accepted>(grid.Submit(new SubmitRun(new RunKey("m", $"{i}"), input, plan)));
        }
        while (grid.Step(TimeSpan.MaxValue))
        {
        }
        var children = grid.Runs.Where(static r => r.Last.Parent is not null).ToLookup(static r => r.Last.Parent!.Run);
        return
        [
            .. grid.Runs.Where(static r => r.Last.Parent is null).Select(r => RecordedRun.Of(
                r.Replay(), children[r.Last.Id].Select(static c => RecordedRun.Of(c.Replay(), [])))),
        ];
    }

    private static AgentConfig Agent(string name, string capability, int slots) =>
        new() { Name = name, Capabilities = [capability], MaxConcurrency = slots, Timeout = TimeSpan.FromSeconds(20), Retry = new RetryPolicy { MaxAttempts = 2 } };
}
