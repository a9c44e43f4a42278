using AgentGrid.Conformance.Cast;
using AgentGrid.Conformance.Hosting;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Backups that are asked because an attempt takes long, within a budget, and what becomes of who comes too late.</summary>
public abstract class HedgeTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    private const int MostTries = 40;

    protected override GridSetup Setup { get; } = new() { CancelGrace = TimeSpan.FromMilliseconds(100) };

    private volatile bool _hangs;

    [Fact]
    public async Task Hedge_SlowAttempt_TheBackupWins()
    {
        Script.On("alpha", AnswerOrHangAsync);

        var run = await HedgedAsync("""{"a": {"capability": "work", "hedge": {"after": "20ms", "budget": "100%"}}}""");

        AssertCompleted(run);
        Assert.Equal("bravo", run.Result!.Element.GetProperty("a").GetProperty("agent").GetString());
        var (slow, backup) = (StepOf(run, "a").Attempts[0], StepOf(run, "a").Attempts[1]);
        Assert.Equal((AttemptStatus.Cancelled, "lost the race"), (slow.Status, slow.CancelReason));
        Assert.Equal((AttemptStatus.Succeeded, true), (backup.Status, backup.IsHedge));
        Assert.Equal(TimeSpan.FromMilliseconds(20), slow.Hedge!.At - slow.StartedAt);
        Assert.Equal("backup 1 of 1: 'alpha' has not answered within 0.02 s ('after' of the plan)", backup.Decision!.Why);
        Assert.True(backup.QueuedAt >= slow.Hedge.At, $"The backup was asked at {backup.QueuedAt:O}, before {slow.Hedge.At:O}.");
        await CallsOf(run).Single(c => c.Agent == "alpha").CancelledAsync();
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task Hedge_LoserIsToldToStop_ItsReceiptSaysWhatItHasCost()
    {
        Script.On("alpha", AnswerOrHangAsync);

        var run = await HedgedAsync("""{"a": {"capability": "work", "hedge": {"after": "20ms", "budget": "100%"}}}""");

        var receipt = await ReceiptAsync(run, static r => r.State == StopState.Stopped);
        var (slow, backup) = (StepOf(run, "a").Attempts[0], StepOf(run, "a").Attempts[1]);
        Assert.Equal((true, null), (receipt.Acknowledged, receipt.GivenUpAt));
        Assert.Equal(slow.EndedAt, receipt.AskedAt);
        Assert.True(receipt.StoppedAt >= receipt.AskedAt);
        Assert.True(receipt.Seconds >= 0.015, $"It has run for at least the 20 ms until its backup was asked, and {receipt.Seconds} s are said.");
        Assert.Null(receipt.GpuSeconds);
        Assert.Null(backup.Receipt);
        await SeenAsync(run.Summary, "alpha:stopped");
    }

    [Fact]
    public async Task Hedge_LoserIgnoresIt_ItsReceiptSaysSoUntilItReturns()
    {
        var late = Script.Gate();
        Script.On("alpha", async call =>
        {
            if (_hangs)
            {
                await late.Opened;
            }
            return call.Answer();
        });

        var run = await HedgedAsync("""{"a": {"capability": "work", "hedge": {"after": "20ms", "budget": "100%"}}}""");

        AssertCompleted(run);
        var given = await ReceiptAsync(run, static r => r.State == StopState.DidNotStop);
        Assert.Equal((null, null), (given.Acknowledged, given.StoppedAt));
        Assert.NotNull(given.GivenUpAt);
        late.Open();
        var returned = await ReceiptAsync(run, static r => r.State == StopState.Stopped);
        Assert.Equal((false, given.GivenUpAt), (returned.Acknowledged, returned.GivenUpAt));
        Assert.True(returned.Seconds >= given.Seconds);
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task Hedge_BudgetIsUsedUp_TheBackupIsNotStartedAndTheEventsSaySo()
    {
        const string steps = """{"a": {"capability": "work", "hedge": {"after": "20ms", "budget": "1%"}}}""";
        Script.On("alpha", AnswerOrHangAsync);
        AssertCompleted(await HedgedAsync(steps));

        var second = await HangingAsync(steps);
        await SeenAsync(second, "bravo:cancelled");
        await Grid.CommandAsync(second.RunId, new RunCommand.Cancel("enough"));
        var run = await EndOfAsync(second);

        var refused = StepOf(run, "a").Attempts[1];
        Assert.Equal((true, true, AttemptStatus.Cancelled), (refused.IsHedge, refused.IsRefusedHedge, refused.Status));
        Assert.Null(refused.StartedAt);
        Assert.Matches("^the hedge budget of 1% is used up: 1 of 1 backups for [0-9]+ other attempts within 10 minutes$", refused.CancelReason);
        Assert.Single(CallsOf(run));
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task Hedge_Percentile_IsLearnedFromTheAgentsAttempts()
    {
        const string steps = """{"a": {"capability": "work", "hedge": {"after": "p95"}}}""";
        Script.On("alpha", AnswerOrHangAsync);

        var first = await RunAsync(steps);
        Assert.Null(Assert.Single(StepOf(first, "a").Attempts).Hedge!.At);
        var run = await HedgedAsync(steps);

        AssertCompleted(run);
        Assert.Matches("^p95 of [0-9]+ attempts$", StepOf(run, "a").Attempts[0].Hedge!.Why);
        Assert.Equal("bravo", run.Result!.Element.GetProperty("a").GetProperty("agent").GetString());
    }

    [Fact]
    public async Task Hedge_SlowItem_ItsBackupWinsAndItsReceiptSaysWhatItHasCost()
    {
        Script.On("alpha", call => _hangs && call.Input.GetProperty("index").GetInt32() == 1 ? call.HangAsync() : new(call.Answer()));

        var run = await HedgedAsync(
            """{"a": {"capability": "work", "mode": "each", "for_each": "input.list", "hedge": {"after": "20ms", "budget": {"attempts": "20%", "window": "1h"}}}}""",
            """{"list": [1, 2, 3]}""", item: 1);

        AssertCompleted(run);
        // Where the machine is slow, the other items may have had theirs.
        Assert.Equal("bravo", run.Result!.Element.GetProperty("a")[1].GetProperty("agent").GetString());
        var attempts = StepOf(run, "a").Attempts.Where(static a => a.Branch == 1).ToList();
        var (slow, backup) = (attempts.Single(static a => a.Status == AttemptStatus.Cancelled), attempts.Single(static a => a.IsHedge));
        Assert.Equal(("alpha", AttemptStatus.Succeeded, "bravo"), (slow.Agent, backup.Status, backup.Agent));
        var receipt = await ReceiptAsync(run, static r => r.State == StopState.Stopped, slow.Attempt);
        Assert.True(receipt.Acknowledged);
        await AllSlotsFreeAsync();
    }

    private ValueTask<Core.Json> AnswerOrHangAsync(Call call) => _hangs ? call.HangAsync() : new(call.Answer());

    private async Task<StopReceipt> ReceiptAsync(RunDetails run, Func<StopReceipt, bool> until, int attempt = 1)
    {
        StopReceipt? receipt = null;
        await Limits.EventuallyAsync(
            async () => (receipt = (await Grid.GetRunAsync(run.Summary.RunId))!.Steps[0].Attempts[attempt - 1].Receipt) is not null && until(receipt),
            () => ValueTask.FromResult($"the receipt is {receipt}"));
        return receipt!;
    }

    /// <summary>Lets agents get warm and be known, until an attempt that hangs has a backup.</summary>
    private async Task<RunDetails> HedgedAsync(string steps, string input = "{}", int item = 0) =>
        await EndOfAsync(await HangingAsync(steps, input, item));

    /// <summary>A run whose first attempt hangs, beside which a backup is to be asked.</summary>
    private async Task<RunSummary> HangingAsync(string steps, string input = "{}", int item = 0)
    {
        for (var i = 0; i < MostTries; i++)
        {
            _hangs = false;
            for (var j = 0; j < 8; j++)
            {
                AssertCompleted(await RunAsync(steps, input));
            }
            _hangs = true;
            var run = await AcceptAsync(steps, input);
            AttemptDetails? first = null;
            await Limits.EventuallyAsync(
                async () => (first = (await Grid.GetRunAsync(run.RunId))!.Steps[0].Attempts.FirstOrDefault(a => a.Branch == item))?.StartedAt is not null,
                () => ValueTask.FromResult($"no attempt of {run.RunId} has started"));
            if (first!.Hedge?.At is not null)
            {
                return run;
            }
            await Grid.CommandAsync(run.RunId, new RunCommand.Cancel("enough"));
            await EndOfAsync(run);
        }
        Assert.Fail($"No attempt in {MostTries} was to have a backup.");
        throw new InvalidOperationException();
    }
}
