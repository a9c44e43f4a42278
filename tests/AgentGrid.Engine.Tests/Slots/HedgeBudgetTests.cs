using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Plans;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Slots;

namespace AgentGrid.Engine.Tests.Slots;

/// <summary>Backups within the budgets of their steps, which are counted where slots are granted.</summary>
public sealed class HedgeBudgetTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly SlotTable _table;
    private readonly List<string> _told = [];

    public HedgeBudgetTests()
    {
        _table = new SlotTable(_time);
        _table.PutNode(new NodeState { Name = "n1" });
        Configure(1_000);
    }

    public void Dispose() => _table.Dispose();

    [Fact]
    public void Wait_Backups_GetAsManyAsTheShareOfTheOthersSays()
    {
        Start(60);
        for (var i = 0; i < 5; i++)
        {
            Backup();
        }

        Assert.Equal(["granted", "granted", "granted", s_refusal(3, 3, 60), s_refusal(3, 3, 60)], _told);
        Start(20);
        Backup();
        Assert.Equal("granted", _told[^1]);
    }

    [Fact]
    public void Wait_StepThatSeldomRuns_HasOneBackupInAWindow()
    {
        Start(1);
        Backup();
        Backup();

        Assert.Equal(["granted", s_refusal(1, 1, 1)], _told);
    }

    [Fact]
    public void Wait_WindowHasPassed_WhatWasBeforeCountsNoLonger()
    {
        Start(40);
        Backup();
        Backup();
        Pass(TimeSpan.FromMinutes(8.9));
        Start(20);
        Backup();
        Assert.Equal("granted", _told[^1]);
        Pass(TimeSpan.FromMinutes(1.1));

        // Of the last ten minutes are 20 others and one backup.
        Backup();
        Assert.Equal(s_refusal(1, 1, 20), _told[^1]);
        Pass(TimeSpan.FromDays(3));
        Backup();
        Assert.Equal("granted", _told[^1]);
    }

    [Fact]
    public void Wait_OtherStep_HasABudgetOfItsOwn()
    {
        Backup("p/a");
        Backup("p/b");
        Backup("p/a");

        Assert.Equal(["granted", "granted", s_refusal(1, 1, 0)], _told);
    }

    // One that waits costs nothing until it is its turn; and none that is withdrawn meanwhile.
    [Fact]
    public void Wait_NoSlotIsFree_CountsWhenItIsGranted()
    {
        Configure(1);
        var held = _table.TryTake("a")!;
        var withdrawn = Backup();
        Backup();
        Backup();
        Assert.Empty(_told);

        _table.Withdraw(withdrawn);
        _table.Release(held);

        Assert.Equal(["granted"], _told);
        _table.Release(_granted[0]);
        Assert.Equal(["granted", s_refusal(1, 1, 0)], _told);
        Assert.Equal(0, _table.Named("a")!.Value.Waiting);
    }

    [Fact]
    public void TryTake_FirstAttempt_CountsForTheBudget()
    {
        for (var i = 0; i < 40; i++)
        {
            Assert.NotNull(_table.TryTake("a", hedged: new HedgedStep("p/s", s_budget, IsBackup: false)));
        }
        Backup();
        Backup();
        Backup();

        Assert.Equal(["granted", "granted", s_refusal(2, 2, 40)], _told);
    }

    [Fact]
    public void Count_MoreStepsThanThereIsRoomFor_ForgetsTheOldest()
    {
        var clock = new SlotClock(_time);
        var budgets = new HedgeBudgets(clock);
        budgets.Count(new HedgedStep("p/-", s_budget, IsBackup: true), hasGpu: false);
        for (var i = 0; i < HedgeBudgets.MostSteps; i++)
        {
            if (i == 0)
            {
                Pass(TimeSpan.FromMinutes(1));
            }
            budgets.Count(new HedgedStep($"p/{i}", s_budget, IsBackup: true), hasGpu: false);
        }

        Assert.NotNull(budgets.Refusal(new HedgedStep($"p/{HedgeBudgets.MostSteps - 1}", s_budget, IsBackup: true), hasGpu: false));
        // Asked last: what is asked about has a place.
        Assert.Null(budgets.Refusal(new HedgedStep("p/-", s_budget, IsBackup: true), hasGpu: false));
    }

    // Two first attempts of 10 and 20 s, and one that has run for 10: of 40 GPU-seconds 25% are 10.
    [Fact]
    public void Wait_GpuSeconds_CountsWhatHasEndedWhatRunsAndWhatOneMoreMayTake()
    {
        Configure(1_000, gpuBytes: 1);
        var budget = new HedgeBudget { AttemptsPercent = null, GpuSecondsPercent = 25 };
        Run(new HedgedStep("p/s", budget, IsBackup: false), 10);
        Run(new HedgedStep("p/s", budget, IsBackup: false), 20);
        var open = _table.TryTake("a", hedged: new HedgedStep("p/s", budget, IsBackup: false))!;
        Pass(TimeSpan.FromSeconds(6));

        Run(new HedgedStep("p/s", budget, IsBackup: true), 4);
        Ask(new HedgedStep("p/s", budget, IsBackup: true), new Told(this));
        Assert.Equal(
            "the hedge budget of 25% of GPU-seconds is used up: 4 of 10 by backups, of which one more takes about 11.3, beside 40 of other " +
            "attempts within 10 minutes", Assert.Single(_told));
        Pass(TimeSpan.FromSeconds(60));
        Ask(new HedgedStep("p/s", budget, IsBackup: true), new Told(this));
        Assert.Equal("granted", _told[^1]);

        // It runs, and so counts for what one takes.
        Ask(new HedgedStep("p/s", budget, IsBackup: true), new Told(this));
        Assert.StartsWith("the hedge budget of 25% of GPU-seconds is used up: 15.3 of 25 by backups", _told[^1], StringComparison.Ordinal);
        _table.Release(open);
        Pass(TimeSpan.FromMinutes(11));
        Ask(new HedgedStep("p/s", budget, IsBackup: true), new Told(this));
        Assert.Equal("granted", _told[^1]);
    }

    [Fact]
    public void Wait_GpuSecondsOfAnAgentWithoutGpu_CountsAttempts()
    {
        var budget = new HedgeBudget { AttemptsPercent = null, GpuSecondsPercent = 50 };
        Ask(new HedgedStep("p/s", budget, IsBackup: true), new Told(this));
        Ask(new HedgedStep("p/s", budget, IsBackup: true), new Told(this));

        Assert.Equal(["granted", s_refusal(1, 1, 0)], _told);
    }

    [Fact]
    public void Wait_ShorterWindow_CountsForThatTime()
    {
        var budget = new HedgeBudget { AttemptsPercent = 5, Window = TimeSpan.FromMinutes(1) };
        Ask(new HedgedStep("p/s", budget, IsBackup: true), new Told(this));
        Ask(new HedgedStep("p/s", budget, IsBackup: true), new Told(this));
        Assert.EndsWith("within 1 minute", _told[^1], StringComparison.Ordinal);
        Pass(TimeSpan.FromMinutes(1));
        Ask(new HedgedStep("p/s", budget, IsBackup: true), new Told(this));

        Assert.Equal("granted", _told[^1]);
    }

    private void Run(HedgedStep step, int seconds)
    {
        var request = Ask(step, new Deaf());
        Pass(TimeSpan.FromSeconds(seconds));
        _table.Release(request.Granted!);
    }

    private static readonly HedgeBudget s_budget = new();

    private readonly List<TakenSlot> _granted = [];

    private static readonly Func<int, int, int, string> s_refusal = static (backups, allowed, others) =>
        $"the hedge budget of 5% is used up: {backups} of {allowed} backups for {others} other attempts within 10 minutes";

    private void Configure(int slots, long gpuBytes = 0)
    {
        var agent = new AgentConfig { Name = "a", MaxConcurrency = slots, Resources = new AgentResources(gpuBytes) };
        _table.Configure(new GridConfig { Agents = ImmutableSortedDictionary<string, AgentConfig>.Empty.Add("a", agent) });
    }

    private void Start(int count)
    {
        for (var i = 0; i < count; i++)
        {
            Ask(new HedgedStep("p/s", s_budget, IsBackup: false), new Deaf());
        }
    }

    private SlotRequest Backup(string step = "p/s") => Ask(new HedgedStep(step, s_budget, IsBackup: true), new Told(this));

    private SlotRequest Ask(HedgedStep hedged, ISlotWaiter waiter)
    {
        var request = new SlotRequest("a", 0, DateTimeOffset.UnixEpoch, waiter) { Hedged = hedged };
        _table.Wait(request);
        return request;
    }

    private void Pass(TimeSpan time) => _time.Advance(time);

    private class Deaf : ISlotWaiter
    {
        public virtual void OnGranted(TakenSlot slot)
        {
        }

        public void OnDrained()
        {
        }

        public void OnAgentGone()
        {
        }
    }

    private sealed class Told(HedgeBudgetTests test) : Deaf, ISlotWaiter
    {
        public override void OnGranted(TakenSlot slot)
        {
            test._told.Add("granted");
            test._granted.Add(slot);
        }

        void ISlotWaiter.OnHedgeRefused(string reason) => test._told.Add(reason);
    }
}
