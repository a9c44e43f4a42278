using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;

namespace AgentGrid.StoreContract;

/// <summary>A key has one run, and there are so many places.</summary>
public abstract class AcceptTests<THost> : StoreTests<THost>
    where THost : IStoreHost, new()
{
    [Fact]
    public async Task AcceptAsync_FiftyAtOnceWithOneKey_KeepsOneAndNamesItToTheOthers()
    {
        var runs = Enumerable.Range(0, 50).Select(_ => Run("m", "1")).ToArray();

        var outcomes = await Task.WhenAll(runs.Select(r => r.AcceptAsync(Host.Another())));

        var winner = runs[Array.FindIndex(outcomes, o => o is AcceptOutcome.Kept)];
        Assert.Equal(
            Enumerable.Repeat(winner.Id, 49), outcomes.OfType<AcceptOutcome.KeyTaken>().Select(o => o.RunId));
        Assert.Equal(1, await Store.LastSeqAsync());
        Assert.Equal([winner.Id], (await Store.ActiveAsync()).Select(r => r.Id));
    }

    [Fact]
    public async Task AcceptAsync_RepeatedAfterALostAnswer_NamesTheRunThatWasOffered()
    {
        var run = Run("m", "1");
        Assert.IsType<AcceptOutcome.Kept>(await run.AcceptAsync(Store));

        Assert.Equal(new AcceptOutcome.KeyTaken(run.Id), await run.AcceptAsync(Store));
    }

    [Fact]
    public async Task AcceptAsync_OfOneThatSupersedesTheHolder_TakesTheKeyOnce()
    {
        var first = Run("m", "1");
        await first.AcceptAsync(Store);
        await first.TurnAsync(Store, new RunInput.SupersedeRun(RunId.From(new Guid(1, 2, 3, new byte[8]))));
        var (second, third) = (Superseding(first), Superseding(first));

        Assert.IsType<AcceptOutcome.Kept>(await second.AcceptAsync(Store));
        Assert.Equal(new AcceptOutcome.KeyTaken(second.Id), await third.AcceptAsync(Store));
        Assert.Equal(new AcceptOutcome.KeyTaken(second.Id), await second.AcceptAsync(Store));
        Assert.Equal(new AcceptOutcome.KeyTaken(second.Id), await Run("m", "1").AcceptAsync(Store));

        Assert.Equal(second.Id, (await Store.FindAsync(new RunKey("m", "1")))?.Id);
        Assert.Equal(first.Summary, (await Store.FindAsync(first.Id))?.Summary);
        Assert.Equal([second.Id], (await Store.ActiveAsync("m")).Select(static r => r.Id));
        var listed = await Store.ListAsync(new RunQuery(MatchId: "m", Round: "1"));
        Assert.Equal([second.Id, first.Id], listed.Runs.Select(static r => r.RunId));
    }

    private LoggedRun Superseding(LoggedRun other) => new(
        LoggedRun.OneStep, other.Summary.MatchId, other.Summary.Round, other.Now, supersedes: other.Id);

    [Fact]
    public async Task AcceptAsync_KeysWhosePartsRunTogether_AreDifferentRuns()
    {
        foreach (var (match, round) in new[] { ("a/b", "c"), ("a", "b/c"), ("a:b", "c"), ("a", "b:c"), ("ü {x}", "*") })
        {
            var run = Run(match, round);
            Assert.IsType<AcceptOutcome.Kept>(await run.AcceptAsync(Store));
            var found = await Store.FindAsync(new RunKey(match, round));
            Assert.Equal(run.Summary, found?.Summary);
            Assert.Equal(found, await Store.FindAsync(run.Id));
        }
    }

    [Fact]
    public async Task AcceptAsync_AllPlacesTaken_IsFullUntilOneEnds()
    {
        var runs = Enumerable.Range(0, 3).Select(i => Run("m", $"{i}")).ToArray();
        Assert.IsType<AcceptOutcome.Kept>(await runs[0].AcceptAsync(Store, maxRuns: 2));
        Assert.IsType<AcceptOutcome.Kept>(await runs[1].AcceptAsync(Store, maxRuns: 2));

        var full = Assert.IsType<AcceptOutcome.Full>(await runs[2].AcceptAsync(Store, maxRuns: 2));
        Assert.StartsWith("2 runs are active or queued, as many as are allowed", full.Reason, StringComparison.Ordinal);
        Assert.InRange(full.RetryAfter.TotalSeconds, 1, 60);
        Assert.Null(await Store.FindAsync(runs[2].Id));
        Assert.IsType<AcceptOutcome.KeyTaken>(await Run("m", "0").AcceptAsync(Store, maxRuns: 2));

        await runs[0].StartAsync(Store);
        await runs[0].FinishAsync(Store);
        Assert.IsType<AcceptOutcome.Kept>(await runs[2].AcceptAsync(Store, maxRuns: 2));
    }

    [Fact]
    public async Task AcceptAsync_ATenantWithMany_MustLeaveAnEighthOfWhatItHoldsFree()
    {
        var kept = new List<LoggedRun>();
        AcceptOutcome outcome;
        for (var i = 0; (outcome = await Accept("greedy", i)) is AcceptOutcome.Kept; i++)
        {
        }
        Assert.Equal(16, kept.Count);
        Assert.Equal(
            "'greedy' has 16 of 18 possible runs, and the last 2 are kept for others.",
            Assert.IsType<AcceptOutcome.Full>(outcome).Reason);
        Assert.IsType<AcceptOutcome.Kept>(await Accept("modest", 0));
        Assert.IsType<AcceptOutcome.Kept>(await Accept(null, 0));
        Assert.IsType<AcceptOutcome.Full>(await Accept(null, 1));

        await kept[0].StartAsync(Store);
        await kept[0].FinishAsync(Store);
        await kept[1].TurnAsync(Store, new RunInput.CancelRun("enough"));
        await kept[2].TurnAsync(Store, new RunInput.CancelRun("enough"));
        Assert.IsType<AcceptOutcome.Kept>(await Accept("greedy", 100));

        async Task<AcceptOutcome> Accept(string? tenant, int round)
        {
            var run = Run($"of {tenant}", $"{round}", tenant);
            var result = await run.AcceptAsync(Store, maxRuns: 18);
            if (result is AcceptOutcome.Kept)
            {
                kept.Add(run);
            }
            return result;
        }
    }

    [Fact]
    public async Task AcceptAsync_OneKeyAtOnceWhereThereIsOnePlace_IsTakenOrKeptAndNeverFull()
    {
        var runs = Enumerable.Range(0, 20).Select(_ => Run("m", "1")).ToArray();

        var outcomes = await Task.WhenAll(runs.Select(r => r.AcceptAsync(Store, maxRuns: 1)));

        Assert.Single(outcomes.OfType<AcceptOutcome.Kept>());
        Assert.Equal(19, outcomes.OfType<AcceptOutcome.KeyTaken>().Count());
        Assert.IsType<AcceptOutcome.Full>(await Run("m", "2").AcceptAsync(Store, maxRuns: 1));
    }
}
