using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Engine.Slots;

namespace AgentGrid.Engine.Tests.Slots;

/// <summary>Starts in rate limits: at the moment when they become possible, never too many, and in nobody's way.</summary>
public sealed class RateLimitTests : IDisposable
{
    private static readonly RateLimit s_oneASecond = new(60, TimeSpan.FromMinutes(1));

    private readonly ManualTime _time = new();
    private readonly SlotTable _table;
    private readonly List<(string Name, double At)> _told = [];

    public RateLimitTests()
    {
        _table = new SlotTable(_time, new AtOnce());
        _table.PutNode(new NodeState { Name = "n1" });
        _table.PutNode(new NodeState { Name = "n2" });
    }

    public void Dispose() => _table.Dispose();

    [Fact]
    public void Wait_OverTheRate_IsGrantedWhenTheNextCanStart()
    {
        Configure(Agent("a", s_oneASecond));
        Wait("a", "first");
        Pass(0.25);
        Wait("a", "second");
        Wait("a", "third");

        var load = _table.Named("a")!.Value;
        Assert.Equal((1, 2, 0), (load.Running, load.Waiting, load.FreeSlots));
        Assert.Equal("rate limit: next in 0.8 s", load.Full);
        Assert.Equal((0, TimeSpan.FromSeconds(0.75)), (load.Rate!.Value.Left, load.Rate.Value.NextIn));
        Pass(5);

        Assert.Equal([("first", 0), ("second", 1), ("third", 2)], _told);
    }

    [Fact]
    public void TryTake_Burst_LetsSoManyStartAtOnce()
    {
        Configure(Agent("a", s_oneASecond with { Burst = 3 }));

        Assert.Equal(3, _table.Named("a")!.Value.FreeSlots);
        Assert.All([1, 2, 3], _ => Assert.NotNull(_table.TryTake("a")));
        Assert.Null(_table.TryTake("a"));
        Pass(2);
        Assert.Equal(2, _table.Named("a")!.Value.Rate!.Value.Left);
        Assert.NotNull(_table.TryTake("a"));
        Assert.NotNull(_table.TryTake("a"));
        Assert.Null(_table.TryTake("a"));
    }

    [Fact]
    public void Release_OverTheRate_TheWaiterGoesOnWaitingAndOthersDoNot()
    {
        Configure(Agent("a", s_oneASecond), Agent("b"));
        var slot = _table.TryTake("a")!;
        Wait("a", "limited", priority: 9);
        Wait("b", "other");

        _table.Release(slot);
        Assert.Equal([("other", 0)], _told);
        Pass(1);

        Assert.Equal([("other", 0), ("limited", 1)], _told);
    }

    [Fact]
    public void Wait_SlotsAreTakenToo_SaysThatOfTheSlots()
    {
        Configure(Agent("a", s_oneASecond) with { MaxConcurrencyTotal = 1 });
        _table.TryTake("a");

        Assert.Equal("max_concurrency_total is reached", _table.Named("a")!.Value.Full);
    }

    [Fact]
    public void Withdraw_WhileItWaitsForTheRate_CostsNoStart()
    {
        Configure(Agent("a", s_oneASecond));
        Wait("a", "first");
        var withdrawn = Wait("a", "withdrawn");
        Wait("a", "last");

        Assert.True(_table.Withdraw(withdrawn));
        Pass(3);

        Assert.Equal([("first", 0), ("last", 1)], _told);
    }

    [Fact]
    public void Configure_OtherLimit_HoldsAtOnceAndRemembersWhatWasUsed()
    {
        Configure(Agent("a", new RateLimit(1, TimeSpan.FromHours(1))));
        Wait("a", "first");
        Wait("a", "second");
        Wait("a", "third");
        Pass(1800);

        // Half a start is there again.
        Configure(Agent("a", new RateLimit(1, TimeSpan.FromSeconds(10))));
        Pass(10);
        Assert.Equal([("first", 0), ("second", 1805)], _told);

        Configure(Agent("a"));
        Assert.Equal(("third", 1810), _told[^1]);
    }

    [Fact]
    public void StartOnly_TakesNoSlotAndWaitsInLineForTheRate()
    {
        Configure(Agent("a", s_oneASecond) with { MaxConcurrency = 1, MaxConcurrencyTotal = 1 });
        Wait("a", "attempt");
        Wait("a", "next", deadline: 9);
        Wait("a", "call", startOnly: true);

        Pass(5);

        // There is no slot for the next attempt.
        Assert.Equal([("attempt", 0), ("call", 1)], _told);
        Assert.Equal((1, 1), (_table.Named("a")!.Value.Running, _table.Named("a")!.Value.Waiting));
    }

    [Fact]
    public void Drain_CallsOfAttemptsThatRun_StartInTheRate()
    {
        Configure(Agent("a", s_oneASecond));
        Wait("a", "first");
        Wait("a", "attempt", priority: 9);
        Wait("a", "call", startOnly: true);

        _table.Drain();
        Pass(5);

        Assert.Equal([("first", 0), ("call", 1)], _told);
    }

    [Fact]
    public void Dispose_WaitersAreLeft_NothingIsGrantedAnyMore()
    {
        Configure(Agent("a", s_oneASecond));
        Wait("a", "first");
        Wait("a", "second");

        _table.Dispose();
        Pass(5);

        Assert.Equal([("first", 0)], _told);
    }

    /// <summary>In any time t no more start than the burst and the rate times t; and whoever is not limited waits for nobody.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void RandomArrivals_NeverMoreThanTheLimit_AndNobodyStarves(int seed)
    {
        var random = new Random(seed);
        var limit = new RateLimit(random.Next(1, 30), TimeSpan.FromSeconds(random.Next(1, 10)), random.Next(1, 6));
        Configure(Agent("limited", limit), Agent("free"));
        var asked = new Dictionary<string, double>();
        for (var i = 0; i < 600; i++)
        {
            Pass(random.NextDouble() * limit.Interval.TotalSeconds * (i % 100 < 50 ? 0.5 : 2));
            var agent = random.Next(3) == 0 ? "free" : "limited";
            var name = $"{agent}{i}";
            asked.Add(name, Now);
            if (agent == "limited" && random.Next(3) == 0 && _table.TryTake(agent) is not null)
            {
                _told.Add((name, Now));
                continue;
            }
            Wait(agent, name, priority: random.Next(3), tenant: $"t{random.Next(3)}");
        }
        Pass(limit.Interval.TotalSeconds * 700);

        Assert.Equal(600, _told.Count);
        Assert.All(_told.Where(t => t.Name.StartsWith("free", StringComparison.Ordinal)), t => Assert.Equal(asked[t.Name], t.At));
        double[] starts = [.. _told.Where(t => t.Name.StartsWith("limited", StringComparison.Ordinal)).Select(t => t.At).Order()];
        for (var from = 0; from < starts.Length; from++)
        {
            for (var to = from; to < starts.Length; to++)
            {
                var most = limit.Burst + ((starts[to] - starts[from]) / limit.Interval.TotalSeconds);
                Assert.True(to - from + 1 <= most + 1e-6, $"seed {seed}, {limit}: {to - from + 1} starts in {starts[to] - starts[from]} s");
            }
        }
        // Work-conserving: while some waited, the time between two starts was an interval, in whole milliseconds of timers.
        Assert.All(
            starts.Zip(starts.Skip(1)).Where(p => _told.Exists(t => t.At == p.Second && asked[t.Name] <= p.First)),
            p => Assert.InRange(p.Second - p.First, 0, limit.Interval.TotalSeconds + 0.001));
    }

    private double Now => _time.Passed.TotalSeconds;

    private void Pass(double seconds)
    {
        _time.Advance(TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond)));
    }

    private void Configure(params AgentConfig[] agents) => _table.Configure(new GridConfig
    {
        Agents = agents.ToImmutableSortedDictionary(a => a.Name, a => a),
    });

    private SlotRequest Wait(
        string agent, string name, int priority = 0, int deadline = 0, bool startOnly = false, string? tenant = null)
    {
        var request = new SlotRequest(agent, priority, _time.Now.Date.AddDays(1).AddHours(deadline), new Waiter(this, name), tenant)
        {
            StartOnly = startOnly,
            InAttempt = startOnly,
        };
        _table.Wait(request);
        return request;
    }

    private static AgentConfig Agent(string name, RateLimit? limit = null) =>
        new() { Name = name, MaxConcurrency = 10_000, RateLimit = limit, Queue = "q" };

    private sealed class Waiter(RateLimitTests test, string name) : ISlotWaiter
    {
        public void OnGranted(TakenSlot slot) => test._told.Add((name, test.Now));

        public void OnMayStart() => test._told.Add((name, test.Now));

        public void OnDrained()
        {
        }

        public void OnAgentGone() => test._told.Add(($"{name} gone", test.Now));
    }
}
