using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Engine.Slots;

namespace AgentGrid.Engine.Tests.Slots;

public sealed class SlotTableTests
{
    private const string Node = "n";

    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly SlotTable _table = new();
    private readonly TakenSlots _taken;
    private readonly List<string> _told = [];

    public SlotTableTests()
    {
        _taken = new TakenSlots(_table);
        _table.PutNode(new NodeState { Name = Node });
    }

    [Fact]
    public void TryTake_AgentLimit_IsExact()
    {
        _table.Configure(Config(null, Agent("a", slots: 2)));

        Assert.NotNull(_taken.TryTake("a"));
        Assert.Null(_table.Named("a")!.Value.Full);
        Assert.NotNull(_taken.TryTake("a"));
        Assert.Null(_taken.TryTake("a"));
        Assert.Equal("its slots are taken", _table.Named("a")!.Value.Full);
        _taken.Release("a");
        Assert.NotNull(_taken.TryTake("a"));
    }

    [Fact]
    public void TryTake_QueueLimit_IsSharedByItsAgents()
    {
        _table.Configure(Config(2, Agent("a", slots: 5), Agent("b", slots: 5)));

        Assert.NotNull(_taken.TryTake("a"));
        Assert.NotNull(_taken.TryTake("b"));
        Assert.Null(_taken.TryTake("a"));
        Assert.Equal((0, "its queue is full"), (_table.Named("b")!.Value.FreeSlots, _table.Named("b")!.Value.Full));
        Wait("b");
        _taken.Release("a");
        Assert.Equal(["b granted"], _told);
    }

    [Fact]
    public void TryTake_OthersWait_DoesNotOvertakeThem()
    {
        _table.Configure(Config(1, Agent("a", slots: 5), Agent("b", slots: 5)));
        _taken.TryTake("a");
        Wait("b");

        _taken.Release("a");

        Assert.Equal(["b granted"], _told);
        Assert.Null(_taken.TryTake("b"));
    }

    [Fact]
    public void Release_EqualDeadlines_LongestPathFirst()
    {
        _table.Configure(Config(null, Agent("a", slots: 1)));
        _taken.TryTake("a");
        Wait("a", "last", path: 1);
        Wait("a", "first", path: 3);
        Wait("a", "sooner", deadline: -1);

        _taken.Release("a");
        _taken.Release("a");
        _taken.Release("a");

        Assert.Equal(["sooner granted", "first granted", "last granted"], _told);
    }

    [Fact]
    public void Free_OthersWait_WhoeverAsksBeforeTheyAreServedCanGoFirst()
    {
        _table.Configure(Config(null, Agent("a", slots: 1)));
        var slot = _table.TryTake("a")!;
        Wait("a", "waits", path: 1);

        Assert.True(_table.Free(slot));
        Assert.Null(_table.TryTake("a"));
        Assert.Empty(_told);
        Wait("a", "follows", path: 2);
        Assert.Equal(["follows granted"], _told);
        _table.Serve();
        Assert.Equal(["follows granted"], _told);

        Assert.False(_table.Free(slot)); // it has been given back
        _taken.Release("a");
        Assert.Equal(["follows granted", "waits granted"], _told);
    }

    [Fact]
    public void Serve_NobodyElseHasAsked_WhoWaitsIsServed()
    {
        _table.Configure(Config(null, Agent("a", slots: 1)));
        var slot = _table.TryTake("a")!;
        Wait("a", "waits");

        Assert.True(_table.Free(slot));
        _table.Serve();

        Assert.Equal(["waits granted"], _told);
    }

    [Fact]
    public void Free_NobodyWaits_NobodyNeedBeServed()
    {
        _table.Configure(Config(null, Agent("a", slots: 1)));

        Assert.False(_table.Free(_table.TryTake("a")!));
        Assert.NotNull(_table.TryTake("a"));
    }

    [Fact]
    public void Release_ManyWait_PriorityThenDeadlineThenOrder()
    {
        _table.Configure(Config(null, Agent("a", slots: 1)));
        _taken.TryTake("a");
        Wait("a", "late", deadline: 9);
        Wait("a", "first", deadline: 5);
        Wait("a", "second", deadline: 5);
        Wait("a", "urgent", priority: 1, deadline: 9);

        for (var i = 0; i < 4; i++)
        {
            _taken.Release("a");
        }

        Assert.Equal(["urgent granted", "first granted", "second granted", "late granted"], _told);
    }

    [Fact]
    public void Release_OneTenantHasThousandsWaiting_TheOthersTakeTurnsWithIt()
    {
        _table.Configure(Config(1, Agent("a", slots: 1), Agent("b", slots: 1)));
        _taken.TryTake("a");
        for (var i = 0; i < 10_000; i++)
        {
            Wait("a", "greedy", tenant: "greedy");
        }
        Wait("b", "modest", tenant: "modest", deadline: 9);
        Wait("b", "modest", tenant: "modest", deadline: 9);
        Wait("a", "other", tenant: "other");
        Wait("b", "urgent", tenant: "greedy", priority: 1);

        foreach (var held in new[] { "a", "b", "b", "a", "a", "b", "a" })
        {
            _taken.Release(held);
        }

        Assert.Equal(
            ["urgent", "modest", "other", "greedy", "modest", "greedy", "greedy"],
            _told.Select(t => t.Split(' ')[0]));
    }

    [Fact]
    public void Release_RunsWithALineOfTheirOwn_TakeTurnsWithTheOthersOfTheirTenant()
    {
        _table.Configure(Config(1, Agent("a", slots: 1), Agent("b", slots: 1)));
        _taken.TryTake("a");
        for (var i = 0; i < 10_000; i++)
        {
            Wait("a", "wide", tenant: "t", flow: "wide");
        }
        Wait("b", "small", tenant: "t", deadline: 9);
        Wait("a", "small", tenant: "t", deadline: 9);
        Wait("a", "broad", tenant: "t", flow: "broad", deadline: 9);
        Wait("a", "other", tenant: "other", flow: "wide");
        Wait("a", "other", tenant: "other");
        Wait("a", "urgent", tenant: "t", flow: "wide", priority: 1);

        foreach (var held in new[] { "a", "a", "a", "b", "a", "a", "a", "a" })
        {
            _taken.Release(held);
        }

        Assert.Equal(
            ["urgent", "other", "small", "other", "broad", "wide", "small", "wide"],
            _told.Select(t => t.Split(' ')[0]));
    }

    [Fact]
    public void Release_TenantComesAgainAndAgain_DoesNotOvertakeOneThatWaits()
    {
        _table.Configure(Config(null, Agent("a", slots: 1)));
        _taken.TryTake("a");
        Wait("a", "patient", tenant: "patient");
        Wait("a", "patient", tenant: "patient");
        for (var i = 0; i < 3; i++)
        {
            Wait("a", $"new{i}", tenant: $"new{i}");
            _taken.Release("a");
        }

        Assert.Equal(["patient", "new0", "patient"], _told.Select(t => t.Split(' ')[0]));
    }

    [Fact]
    public void Withdraw_BeforeTheGrant_TheNextGetsTheSlot()
    {
        _table.Configure(Config(null, Agent("a", slots: 1)));
        _taken.TryTake("a");
        var first = Wait("a", "first");
        Wait("a", "second");

        Assert.True(_table.Withdraw(first));
        _taken.Release("a");

        Assert.Equal(["second granted"], _told);
        Assert.Equal(0, _table.Named("a")!.Value.Waiting);
    }

    [Fact]
    public void Withdraw_AfterTheGrant_SaysThatTheSlotMustBeReleased()
    {
        _table.Configure(Config(null, Agent("a", slots: 1)));
        var request = Wait("a");

        Assert.Equal(["a granted"], _told);
        Assert.False(_table.Withdraw(request));
        _taken.Release("a");
        Assert.Equal(1, _table.Named("a")!.Value.FreeSlots);
    }

    [Fact]
    public void Configure_MoreSlots_GrantsWaiters()
    {
        _table.Configure(Config(null, Agent("a", slots: 1)));
        _taken.TryTake("a");
        Wait("a", "one");
        Wait("a", "two");

        _table.Configure(Config(null, Agent("a", slots: 2)));

        Assert.Equal(["one granted"], _told);
        Assert.Equal(1, _table.Named("a")!.Value.Waiting);
    }

    [Fact]
    public void Configure_FewerSlots_HeldOnesStayHeld()
    {
        _table.Configure(Config(null, Agent("a", slots: 3)));
        _taken.TryTake("a");
        _taken.TryTake("a");

        _table.Configure(Config(null, Agent("a", slots: 1)));

        Assert.Equal(2, _table.Named("a")!.Value.Running);
        _taken.Release("a");
        Assert.Null(_taken.TryTake("a"));
        _taken.Release("a");
        Assert.NotNull(_taken.TryTake("a"));
    }

    [Fact]
    public void Configure_AgentRemoved_ItsWaitersAreTold()
    {
        _table.Configure(Config(null, Agent("a", slots: 1)));
        _taken.TryTake("a");
        Wait("a");

        _table.Configure(Config(null));

        Assert.Equal(["a gone"], _told);
        Assert.Null(_table.Named("a"));
        _taken.Release("a");
        Wait("a", "later");
        Assert.Equal(["a gone", "later gone"], _told);
    }

    [Fact]
    public void Configure_AgentMovesToAnotherQueue_ItsSlotsMoveWithIt()
    {
        _table.Configure(Config(1, Agent("a", slots: 5), Agent("b", slots: 5)));
        _taken.TryTake("a");
        Wait("b");

        _table.Configure(Config(1, Agent("a", slots: 5) with { Queue = "other" }, Agent("b", slots: 5)));

        Assert.Equal(["b granted"], _told);
    }

    [Fact]
    public void Drain_OneAgent_ItsWaitersGoOnWhenItIsUndrained()
    {
        _table.Configure(Config(null, Agent("a", slots: 1)));

        Assert.True(_table.Drain("a", drained: true));
        Assert.Null(_taken.TryTake("a"));
        Assert.Equal(0, _table.Named("a")!.Value.FreeSlots);
        Wait("a");
        Assert.Equal(["a drained"], _told);

        Assert.True(_table.Drain("a", drained: false));
        Assert.Equal(["a drained", "a granted"], _told);
        Assert.False(_table.Drain("nobody", drained: true));
    }

    [Fact]
    public void Drain_CallsOfAttemptsThatRun_AreGrantedAllTheSame()
    {
        _table.Configure(Config(null, Agent("a", slots: 1)));
        _taken.TryTake("a");
        Wait("a", "attempt", priority: 9);

        _table.Drain();
        _table.Wait(new SlotRequest("a", 0, Noon, new Waiter(this, "call")) { InAttempt = true });
        _taken.Release("a");

        Assert.Equal(["call granted"], _told);
    }

    [Fact]
    public void Drain_NothingIsGrantedAnyMore()
    {
        _table.Configure(Config(null, Agent("a", slots: 1)));
        _taken.TryTake("a");
        Wait("a");

        _table.Drain();
        _taken.Release("a");

        Assert.Empty(_told);
        Assert.Null(_taken.TryTake("a"));
    }

    [Fact]
    public void Offering_SeveralCapabilities_NamesEachAgentOnceAndNoDisabledOnes()
    {
        _table.Configure(Config(
            null, Agent("a") with { Capabilities = ["x", "y"] }, Agent("b") with { Capabilities = ["y"] },
            Agent("c") with { Capabilities = ["x"], Enabled = false }));

        Assert.Equal(["a", "b"], _table.Offering(["x", "y"]).Select(l => l.Agent.Name).Order());
        Assert.Equal(["a"], _table.Offering(["x"]).Select(l => l.Agent.Name));
        Assert.Empty(_table.Offering(["z"]));
    }

    private SlotRequest Wait(
        string agent, string? name = null, int priority = 0, int deadline = 0, string? tenant = null,
        double path = 0, string? flow = null)
    {
        var request = Request(agent, name, priority, deadline, tenant, path, flow);
        _table.Wait(request);
        return request;
    }

    private SlotRequest Request(
        string agent, string? name = null, int priority = 0, int deadline = 0, string? tenant = null,
        double path = 0, string? flow = null) =>
        new(agent, priority, Noon.AddHours(deadline), new Waiter(this, name ?? agent), tenant)
        {
            Flow = flow,
            LongestPath = path,
        };

    private static AgentConfig Agent(string name, int slots = 1) =>
        new() { Name = name, Capabilities = [name], MaxConcurrency = slots, Queue = "q" };

    private static GridConfig Config(int? queueSlots, params AgentConfig[] agents) => new()
    {
        Agents = agents.ToImmutableSortedDictionary(a => a.Name, a => a),
        Queues = ImmutableSortedDictionary<string, QueueConfig>.Empty.Add("q", new QueueConfig("q", queueSlots)),
    };

    private sealed class Waiter(SlotTableTests test, string name) : ISlotWaiter
    {
        public void OnGranted(TakenSlot slot)
        {
            test._taken.Add(slot);
            test._told.Add($"{name} granted");
        }

        public void OnDrained() => test._told.Add($"{name} drained");

        public void OnAgentGone() => test._told.Add($"{name} gone");
    }
}
