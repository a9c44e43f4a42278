using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Engine.Slots;

namespace AgentGrid.Engine.Tests.Slots;

/// <summary>Tokens in rate limits: attempts start when there are enough for what they are expected to use, and the rest is settled.</summary>
public sealed class TokenLimitTests : IDisposable
{
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    private readonly ManualTime _time = new();
    private readonly SlotTable _table;
    private readonly List<(string Name, double At)> _told = [];

    public TokenLimitTests()
    {
        _table = new SlotTable(_time, new AtOnce());
        _table.PutNode(new NodeState { Name = "n" });
    }

    public void Dispose() => _table.Dispose();

    [Fact]
    public void Wait_TokensAreUsedUp_IsGrantedWhenEnoughAreThere()
    {
        Configure(new TokenLimit(6_000, s_minute, Estimate: 2_500));
        Wait("first");
        Wait("second");
        Wait("third");

        // 1000 are left, and 100 come in a second.
        var load = _table.Named("a")!.Value;
        Assert.Equal((2, 1, 0), (load.Running, load.Waiting, load.FreeSlots));
        Assert.Equal("rate limit: 1000 of 2500 tokens left, next in about 15.0 s", load.Full);
        Pass(60);

        Assert.Equal([("first", 0), ("second", 0), ("third", 15)], _told);
    }

    [Fact]
    public void Settle_LessThanExpected_TheRestIsThereAtOnce()
    {
        Configure(new TokenLimit(6_000, s_minute, Estimate: 3_000));
        var first = _table.TryTake("a")!;
        Assert.NotNull(_table.TryTake("a"));
        Wait("third");
        Pass(10);
        Assert.Empty(_told);

        _table.Settle(first, 1_000);
        Assert.Equal([("third", 10)], _told);
    }

    [Fact]
    public void Settle_MoreThanExpected_IsOwed()
    {
        Configure(new TokenLimit(6_000, s_minute, Estimate: 1_000));
        var first = _table.TryTake("a")!;
        _table.Settle(first, 9_000);
        Wait("second");

        Assert.Equal("rate limit: 0 of 1000 tokens left, next in about 40.0 s", _table.Named("a")!.Value.Full);
        Pass(100);
        Assert.Equal([("second", 40)], _told);
    }

    // What has flowed back meanwhile is not given back once more.
    [Fact]
    public void Settle_WhenTheBucketWasFullMeanwhile_GivesNothingBack()
    {
        Configure(new TokenLimit(6_000, s_minute, Estimate: 3_000));
        var first = _table.TryTake("a")!;
        Pass(60);
        Assert.NotNull(_table.TryTake("a"));

        _table.Settle(first, 0);
        Assert.Equal(3_000, _table.Named("a")!.Value.Rate!.Value.Tokens!.Value.Left);
    }

    [Fact]
    public void Release_NothingWasSaid_StaysWhatWasExpected()
    {
        Configure(new TokenLimit(6_000, s_minute, Estimate: 4_000));
        var slot = _table.TryTake("a")!;

        _table.Release(slot);
        _table.Settle(slot, 1); // too late

        Assert.Equal(2_000, _table.Named("a")!.Value.Rate!.Value.Tokens!.Value.Left);
    }

    [Fact]
    public void Estimate_NotGiven_IsLearnedFromTheLastAttempts()
    {
        Configure(new TokenLimit(10_000, s_minute));
        Assert.Equal(1_000, Estimate);

        for (var i = 0; i < 100; i++)
        {
            var slot = _table.TryTake("a")!;
            _table.Settle(slot, i < 50 ? 200 : 400);
            Pass(60);
        }

        Assert.InRange(Estimate, 380, 400);
        _table.Settle(_table.TryTake("a")!, 5_000_000);
        // One that never fits into the bucket would wait for ever.
        Assert.Equal(10_000, Estimate);
    }

    [Fact]
    public void Wait_StartsAndTokens_BothHold()
    {
        Configure(new TokenLimit(6_000, s_minute, Estimate: 3_000), requests: 60);
        Wait("first");
        Wait("second");
        Wait("third");
        Pass(0.5);
        Assert.Equal("rate limit: next in 0.5 s", _table.Named("a")!.Value.Full);
        Pass(60);

        Assert.Equal([("first", 0), ("second", 1), ("third", 30)], _told);
    }

    [Fact]
    public void StartOnly_CountsAndIsSettledWithoutASlot()
    {
        Configure(new TokenLimit(6_000, s_minute, Estimate: 4_000));
        var call = Wait("call", startOnly: true);
        Assert.True(call.OwesTokens);
        Wait("next");
        Assert.Equal([("call", 0)], _told);

        _table.Settle(call, 1_000);
        Assert.Equal([("call", 0), ("next", 0)], _told);
    }

    [Fact]
    public void Configure_OtherLimit_RemembersWhatWasUsed()
    {
        Configure(new TokenLimit(6_000, s_minute, Estimate: 3_000));
        var slot = _table.TryTake("a")!;
        Configure(new TokenLimit(12_000, s_minute, Estimate: 3_000));
        Assert.Equal(9_000, _table.Named("a")!.Value.Rate!.Value.Tokens!.Value.Left);

        _table.Settle(slot, 1_000);
        Assert.Equal(11_000, _table.Named("a")!.Value.Rate!.Value.Tokens!.Value.Left);
        Configure(null);
        Assert.Null(_table.Named("a")!.Value.Rate);
    }

    /// <summary>
    /// In any time t what attempts use that start in it is at most a bucket and what flows in, whatever they say when they end; and who waits
    /// is served as soon as there is enough.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void RandomAttempts_NeverUseMoreThanTheLimit_AndAreServed(int seed)
    {
        var random = new Random(seed);
        var limit = new TokenLimit(random.Next(1_000, 100_000), TimeSpan.FromSeconds(random.Next(1, 100)), random.Next(1, 900));
        Configure(limit);
        var (starts, open) = (new List<(double At, long Used)>(), new List<(TakenSlot Slot, int Start)>());
        var perSecond = limit.Tokens / limit.Per.TotalSeconds;
        for (var i = 0; i < 1_500; i++)
        {
            Pass(random.NextDouble() * limit.Estimate!.Value / perSecond * (i % 200 < 150 ? 0.5 : 20));
            if (_table.TryTake("a") is { } slot)
            {
                starts.Add((_time.Passed.TotalSeconds, limit.Estimate!.Value));
                open.Add((slot, starts.Count - 1));
            }
            while (open.Count > 0 && random.Next(3) > 0)
            {
                var (ended, start) = open[random.Next(open.Count)];
                open.RemoveAll(o => o.Slot == ended);
                if (random.Next(5) > 0)
                {
                    starts[start] = starts[start] with { Used = random.NextInt64(limit.Estimate!.Value + 1) };
                    _table.Settle(ended, starts[start].Used);
                }
                _table.Release(ended);
            }
        }

        Assert.True(starts.Count > 300, $"seed {seed}: only {starts.Count} have started");
        for (var from = 0; from < starts.Count; from++)
        {
            var used = 0d;
            for (var to = from; to < starts.Count; to++)
            {
                used += starts[to].Used;
                var most = limit.Tokens + ((starts[to].At - starts[from].At) * perSecond);
                Assert.True(used <= most + 1, $"seed {seed}, {limit}: {used} tokens in {starts[to].At - starts[from].At} s");
            }
        }
        Wait("last");
        Pass(limit.Per.TotalSeconds);
        Assert.Single(_told);
    }

    private long Estimate => _table.Named("a")!.Value.Rate!.Value.Tokens!.Value.Estimate;

    private void Pass(double seconds) => _time.Advance(TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond)));

    private void Configure(TokenLimit? tokens, int? requests = null)
    {
        var agent = new AgentConfig
        {
            Name = "a",
            MaxConcurrency = 10_000,
            Queue = "q",
            RateLimit = tokens is null ? null : new RateLimit(requests, s_minute) { Tokens = tokens },
        };
        _table.Configure(new GridConfig { Agents = ImmutableSortedDictionary<string, AgentConfig>.Empty.Add("a", agent) });
    }

    private SlotRequest Wait(string name, bool startOnly = false)
    {
        var request = new SlotRequest("a", 0, DateTimeOffset.MaxValue, new Waiter(this, name)) { StartOnly = startOnly, InAttempt = startOnly };
        _table.Wait(request);
        return request;
    }

    private sealed class Waiter(TokenLimitTests test, string name) : ISlotWaiter
    {
        public void OnGranted(TakenSlot slot) => test._told.Add((name, test._time.Passed.TotalSeconds));

        public void OnMayStart() => test._told.Add((name, test._time.Passed.TotalSeconds));

        public void OnDrained()
        {
        }

        public void OnAgentGone()
        {
        }
    }

    private sealed class AtOnce : Platform
    {
        public override void Queue(IThreadPoolWorkItem work, bool preferLocal) => work.Execute();
    }
}
