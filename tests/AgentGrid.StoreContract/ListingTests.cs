using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;

namespace AgentGrid.StoreContract;

/// <summary>Lists of runs.</summary>
public abstract class ListingTests<THost> : StoreTests<THost>
    where THost : IStoreHost, new()
{
    [Fact]
    public async Task ListAsync_AnyFilterAndPageSize_GivesTheRunsNewestFirst()
    {
        var runs = await MakeRunsAsync();
        var newestFirst = runs.AsEnumerable().Reverse().Select(r => r.Summary).ToArray();
        RunStatus?[] statuses = [null, .. Enum.GetValues<RunStatus>()];
        foreach (var status in statuses)
        {
            foreach (var activity in new RunActivity?[] { null, RunActivity.WaitingForSlot, RunActivity.Retrying })
            {
                foreach (var (match, round, plan) in new (string?, string?, string?)[]
                {
                    (null, null, null), ("m1", null, null), ("m1", "7", null), (null, "7", null), (null, null, "one"),
                    ("m2", null, "other"), ("none", null, null), (null, null, "none"),
                })
                {
                    var query = new RunQuery(status, match, round, plan, Limit: 4, Activity: activity);
                    var expected = newestFirst.Where(r => (status is null || r.Status == status)
                        && (match is null || r.MatchId == match) && (round is null || r.Round == round)
                        && (plan is null || r.Plan == plan)
                        && (activity is not RunActivity.WaitingForSlot || r.WaitingAttempts > 0)
                        && (activity is not RunActivity.Retrying || r.RetryingBranches > 0)).ToArray();
                    Assert.Equal(expected, await AllAsync(query));
                }
            }
        }
        Assert.Contains(newestFirst, r => r.WaitingAttempts > 0);
        Assert.Contains(newestFirst, r => r.RetryingBranches > 0);
        Assert.Equal(5, newestFirst.Select(r => r.Status).Distinct().Count());
    }

    [Fact]
    public Task ListAsync_ByAgent_GivesTheRunsWithAnAttemptOfIt() => ListByAgentAsync(tipsSay: true);

    [Fact]
    public Task ListAsync_ByAgentWithTipsOfAnOlderVersion_AsksTheEvents() => ListByAgentAsync(tipsSay: false);

    private async Task ListByAgentAsync(bool tipsSay)
    {
        var newestFirst = (await MakeRunsAsync(tipsSay)).AsEnumerable().Reverse().ToArray();
        foreach (var agent in new[] { "work", "busy", "flaky", "other", "wor", "work flaky" })
        {
            foreach (var status in new RunStatus?[] { null, RunStatus.Running, RunStatus.Failed })
            {
                var expected = newestFirst.Where(r => (status is null || r.Summary.Status == status)
                    && r.State.Steps.Any(s => s.Attempts.Any(a => a.Agent == agent))).ToArray();
                Assert.Equal(
                    expected.Select(r => r.Id),
                    (await AllAsync(new RunQuery(status, Limit: 3, Agent: agent))).Select(r => r.RunId));
                Assert.True(status is not null || (agent is "work" or "busy" or "flaky") == (expected.Length > 0));
            }
        }
        var listed = (await AllAsync(new RunQuery(Limit: 50))).Where(r => r.StartedAt is not null);
        Assert.All(listed, r => Assert.Equal(tipsSay, r.Agents is not null));
        Assert.All(listed, r => Assert.Equal(
            tipsSay && r.Status is RunStatus.Failed or RunStatus.Cancelled, r.Reason is not null));
    }

    [Fact]
    public async Task ListAsync_RareAgentInTipsThatDoNotSay_LooksAtABoundedNumberOfRunsForEachPage()
    {
        var most = RunQuery.MostLooks / (1 + RunQuery.LooksOfEvents);
        for (var i = 0; i < most + 10; i++)
        {
            var run = new LoggedRun(
                i == 0 ? LoggedRun.PlanOf("rare", """{"steps":{"a":{"agent":"flaky"}}}""") : LoggedRun.OneStep,
                "m", $"{i}", Time.Now)
            { TipsSayAgents = false };
            await run.AcceptAsync(Store);
            await run.StartAsync(Store);
        }

        var first = await Store.ListAsync(new RunQuery(Agent: "flaky"));
        Assert.Empty(first.Runs);
        var second = await Store.ListAsync(new RunQuery(Agent: "flaky", Cursor: first.Next));
        Assert.Equal("0", Assert.Single(second.Runs).Round);
        Assert.Null(second.Next);
    }

    [Fact]
    public async Task ListAsync_ARunThatIsRetried_KeepsItsPlace()
    {
        var runs = await MakeRunsAsync();
        var failed = runs.First(r => r.State.Status == RunStatus.Failed);

        await failed.TurnAsync(Store, new RunInput.RetryRun());

        Assert.Equal(runs.AsEnumerable().Reverse().Select(r => r.Summary), await AllAsync(new RunQuery(Limit: 5)));
    }

    [Fact]
    public async Task ListAsync_TheLastPageFull_HasNoNext()
    {
        var runs = await MakeRunsAsync();
        var page = await Store.ListAsync(new RunQuery(Limit: runs.Count));
        Assert.Equal(runs.Count, page.Runs.Length);
        Assert.Null(page.Next);
        Assert.NotNull((await Store.ListAsync(new RunQuery(Limit: runs.Count - 1))).Next);
    }

    [Fact]
    public async Task ListAsync_AForeignCursor_IsRefused()
    {
        foreach (var cursor in new[] { "", "x", "-1", "1.5", "99999999999999999999" })
        {
            await Assert.ThrowsAsync<FormatException>(() => Store.ListAsync(new RunQuery(Cursor: cursor)));
        }
        Assert.Empty((await Store.ListAsync(new RunQuery(Cursor: "1"))).Runs);
    }

    [Fact]
    public async Task ActiveAsync_MoreThanIsReadAtOnce_GivesAllOldestFirst()
    {
        var runs = Enumerable.Range(0, 1_203)
            .Select(i => new LoggedRun(LoggedRun.OneStep, "m", $"{i}", Time.Now)).ToArray();
        foreach (var run in runs)
        {
            Assert.IsType<AcceptOutcome.Kept>(await run.AcceptAsync(Store));
        }
        Assert.Equal(runs.Select(r => r.Id), (await Store.ActiveAsync()).Select(r => r.Id));
        Assert.Equal(runs.Select(r => r.Id), (await Store.ActiveAsync("m")).Select(r => r.Id));
    }

    private async Task<List<RunSummary>> AllAsync(RunQuery query)
    {
        var all = new List<RunSummary>();
        while (true)
        {
            var page = await Store.ListAsync(query);
            Assert.True(page.Runs.Length <= query.Limit);
            all.AddRange(page.Runs);
            if (page.Next is null)
            {
                return all;
            }
            query = query with { Cursor = page.Next };
        }
    }

    private async Task<List<LoggedRun>> MakeRunsAsync(bool tipsSayAgents = true)
    {
        var busy = LoggedRun.PlanOf("other", """{"steps":{"a":{"agent":"busy"}}}""");
        var flaky = LoggedRun.PlanOf("other", """{"steps":{"a":{"agent":"flaky"}}}""");
        var runs = new List<LoggedRun>();
        for (var i = 0; i < 26; i++)
        {
            var plan = (i % 7) switch { 0 => busy, 1 => flaky, _ => LoggedRun.OneStep };
            var run = new LoggedRun(plan, $"m{i % 3}", $"{i}", Time.Now.AddSeconds(i))
            {
                TipsSayAgents = tipsSayAgents,
            };
            runs.Add(run);
            Assert.IsType<AcceptOutcome.Kept>(await run.AcceptAsync(Store));
            if (i % 7 != 5)
            {
                await run.StartAsync(Store);
            }
            switch (i % 7)
            {
                case 1: await run.FailAsync(Store); break;
                case 2: await run.FinishAsync(Store); break;
                case 3: await run.FailAsync(Store); break;
                case 4: await run.TurnAsync(Store, new RunInput.CancelRun("enough")); break;
                default: break;
            }
        }
        return runs;
    }
}
