using System.Collections.Immutable;
using AgentGrid.Core.Config;
using AgentGrid.Core.Placement;
using AgentGrid.Runtime.Slots;

namespace AgentGrid.Embedded.Tests.Slots;

public sealed class SlotTableTests
{
    private const string Node = "n";

    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly SlotTable _table = new();
    private readonly List<string> _told = [];

    public SlotTableTests() => _table.PutNode(new NodeState { Name = Node });

    [Fact]
    public void TryTake_AgentLimit_IsExact()
    {
        _table.Configure(Config(null, Agent("a", slots: 2)));

        Assert.NotNull(_table.TryTake("a"));
        Assert.Null(_table.Named("a")!.Full);
        Assert.NotNull(_table.TryTake("a"));
        Assert.Null(_table.TryTake("a"));
        Assert.Equal("its slots are taken", _table.Named("a")!.Full);
        _table.Release("a", Node);
        Assert.NotNull(_table.TryTake("a"));
    }

    [Fact]
    public void TryTake_QueueLimit_IsSharedByItsAgents()
    {
        _table.Configure(Config(2, Agent("a", slots: 5), Agent("b", slots: 5)));

        Assert.NotNull(_table.TryTake("a"));
        Assert.NotNull(_table.TryTake("b"));
        Assert.Null(_table.TryTake("a"));
        Assert.Equal((0, "its queue is full"), (_table.Named("b")!.FreeSlots, _table.Named("b")!.Full));
        Wait("b");
        _table.Release("a", Node);
        Assert.Equal(["b granted"], _told);
    }

    [Fact]
    public void TryTake_OthersWait_DoesNotOvertakeThem()
    {
        _table.Configure(Config(1, Agent("a", slots: 5), Agent("b", slots: 5)));
        _table.TryTake("a");
        Wait("b");

        _table.Release("a", Node);

        Assert.Equal(["b granted"], _told);
        Assert.Null(_table.TryTake("b"));
    }

    [Fact]
    public void Release_EqualDeadlines_LongestPathFirst()
    {
        _table.Configure(Config(null, Agent("a", slots: 1)));
        _table.TryTake("a");
        Wait("a", "last", path: 1);
        Wait("a", "first", path: 3);
        Wait("a", "sooner", deadline: -1);

        _table.Release("a", Node);
        _table.Release("a", Node);
        _table.Release("a", Node);

        Assert.Equal(["sooner granted", "first granted", "last granted"], _told);
    }

    [Fact]
    public void Release_ManyWait_PriorityThenDeadlineThenOrder()
    {
        _table.Configure(Config(null, Agent("a", slots: 1)));
        _table.TryTake("a");
        Wait("a", "late", deadline: 9);
        Wait("a", "first", deadline: 5);
        Wait("a", "second", deadline: 5);
        Wait("a", "urgent", priority: 1, deadline: 9);

        for (var i = 0; i < 4; i++)
        {
            _table.Release("a", Node);
        }

        Assert.Equal(["urgent granted", "first granted", "second granted", "late granted"], _told);
    }

    [Fact]
    public void Release_OneTenantHasThousandsWaiting_TheOthersTakeTurnsWithIt()
    {
        _table.Configure(Config(1, Agent("a", slots: 1), Agent("b", slots: 1)));
        _table.TryTake("a");
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
            _table.Release(held, Node);
        }

        Assert.Equal(
            ["urgent", "modest", "other", "greedy", "modest", "greedy", "greedy"],
            _told.Select(t => t.Split(' ')[0]));
    }

    [Fact]
    public void Release_TenantComesAgainAndAgain_DoesNotOvertakeOneThatWaits()
    {
        _table.Configure(Config(null, Agent("a", slots: 1)));
        _table.TryTake("a");
        Wait("a", "patient", tenant: "patient");
        Wait("a", "patient", tenant: "patient");
        for (var i = 0; i < 3; i++)
        {
            Wait("a", $"new{i}", tenant: $"new{i}");
            _table.Release("a", Node);
        }

        Assert.Equal(["patient", "new0", "patient"], _told.Select(t => t.Split(' ')[0]));
    }

    [Fact]
    public void Withdraw_BeforeTheGrant_TheNextGetsTheSlot()
    {
        _table.Configure(Config(null, Agent("a", slots: 1)));
        _table.TryTake("a");
        var first = Wait("a", "first");
        Wait("a", "second");

        Assert.True(_table.Withdraw(first));
        _table.Release("a", Node);

        Assert.Equal(["second granted"], _told);
        Assert.Equal(0, _table.Named("a")!.Waiting);
    }

    [Fact]
    public void Withdraw_AfterTheGrant_SaysThatTheSlotMustBeReleased()
    {
        _table.Configure(Config(null, Agent("a", slots: 1)));
        var request = Wait("a");

        Assert.Equal(["a granted"], _told);
        Assert.False(_table.Withdraw(request));
        _table.Release("a", Node);
        Assert.Equal(1, _table.Named("a")!.FreeSlots);
    }

    [Fact]
    public void Configure_MoreSlots_GrantsWaiters()
    {
        _table.Configure(Config(null, Agent("a", slots: 1)));
        _table.TryTake("a");
        Wait("a", "one");
        Wait("a", "two");

        _table.Configure(Config(null, Agent("a", slots: 2)));

        Assert.Equal(["one granted"], _told);
        Assert.Equal(1, _table.Named("a")!.Waiting);
    }

    [Fact]
    public void Configure_FewerSlots_HeldOnesStayHeld()
    {
        _table.Configure(Config(null, Agent("a", slots: 3)));
        _table.TryTake("a");
        _table.TryTake("a");

        _table.Configure(Config(null, Agent("a", slots: 1)));

        Assert.Equal(2, _table.Named("a")!.Running);
        _table.Release("a", Node);
        Assert.Null(_table.TryTake("a"));
        _table.Release("a", Node);
        Assert.NotNull(_table.TryTake("a"));
    }

    [Fact]
    public void Configure_AgentRemoved_ItsWaitersAreTold()
    {
        _table.Configure(Config(null, Agent("a", slots: 1)));
        _table.TryTake("a");
        Wait("a");

        _table.Configure(Config(null));

        Assert.Equal(["a gone"], _told);
        Assert.Null(_table.Named("a"));
        _table.Release("a", Node);
        Wait("a", "later");
        Assert.Equal(["a gone", "later gone"], _told);
    }

    [Fact]
    public void Configure_AgentMovesToAnotherQueue_ItsSlotsMoveWithIt()
    {
        _table.Configure(Config(1, Agent("a", slots: 5), Agent("b", slots: 5)));
        _table.TryTake("a");
        Wait("b");

        _table.Configure(Config(1, Agent("a", slots: 5) with { Queue = "other" }, Agent("b", slots: 5)));

        Assert.Equal(["b granted"], _told);
    }

    [Fact]
    public void Drain_OneAgent_ItsWaitersGoOnWhenItIsUndrained()
    {
        _table.Configure(Config(null, Agent("a", slots: 1)));

        Assert.True(_table.Drain("a", drained: true));
        Assert.Null(_table.TryTake("a"));
        Assert.Equal(0, _table.Named("a")!.FreeSlots);
        Wait("a");
        Assert.Empty(_told);

        Assert.True(_table.Drain("a", drained: false));
        Assert.Equal(["a granted"], _told);
        Assert.False(_table.Drain("nobody", drained: true));
    }

    [Fact]
    public void Drain_NothingIsGrantedAnyMore()
    {
        _table.Configure(Config(null, Agent("a", slots: 1)));
        _table.TryTake("a");
        Wait("a");

        _table.Drain();
        _table.Release("a", Node);

        Assert.Empty(_told);
        Assert.Null(_table.TryTake("a"));
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

    [Fact]
    public void AnySequence_SlotsAreNeverOvercommittedAndAllComeBack()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var table = new SlotTable();
            table.PutNode(new NodeState { Name = Node });
            table.Configure(Config(random.Next(1, 6), Agent("a", random.Next(1, 4)), Agent("b", random.Next(1, 4))));
            var held = new List<string>();
            var waiting = new List<SlotRequest>();
            for (var i = 0; i < 200; i++)
            {
                var agent = random.Next(2) == 0 ? "a" : "b";
                switch (random.Next(4))
                {
                    case 0 when table.TryTake(agent) is not null: held.Add(agent); break;
                    case 1:
                        var request = new SlotRequest(agent, random.Next(3), Noon, new Waiter(s => held.Add(agent), ""), $"{random.Next(3)}");
                        waiting.Add(request);
                        table.Wait(request);
                        break;
                    case 2 when waiting.Count > 0:
                        table.Withdraw(waiting[random.Next(waiting.Count)]);
                        break;
                    case 3 when held.Count > 0:
                        var released = held[random.Next(held.Count)];
                        held.Remove(released);
                        table.Release(released, Node);
                        break;
                    default: break;
                }
                foreach (var load in table.All())
                {
                    Assert.True(load.Running == held.Count(h => h == load.Agent.Name), $"seed {seed}");
                    Assert.True(load.Running <= load.Agent.MaxConcurrency, $"seed {seed}");
                    Assert.True(load.Waiting >= 0, $"seed {seed}");
                }
            }
        }
    }

    private SlotRequest Wait(
        string agent, string? name = null, int priority = 0, int deadline = 0, string? tenant = null,
        double path = 0)
    {
        var waiter = new Waiter(_told.Add, name ?? agent);
        var request = new SlotRequest(agent, priority, Noon.AddHours(deadline), waiter, tenant)
        {
            LongestPath = path,
        };
        _table.Wait(request);
        return request;
    }

    private static AgentConfig Agent(string name, int slots = 1) =>
        new() { Name = name, Capabilities = [name], MaxConcurrency = slots, Queue = "q" };

    private static GridConfig Config(int? queueSlots, params AgentConfig[] agents) => new()
    {
        Agents = agents.ToImmutableSortedDictionary(a => a.Name, a => a),
        Queues = ImmutableSortedDictionary<string, QueueConfig>.Empty.Add("q", new QueueConfig("q", queueSlots)),
    };

    private sealed class Waiter(Action<string> tell, string name) : ISlotWaiter
    {
        public void OnGranted(Placement placement) => tell($"{name} granted");

        public void OnAgentGone() => tell($"{name} gone");
    }
}
