using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Engine.Dispatch;
using AgentGrid.Engine.Slots;

namespace AgentGrid.Engine.Tests.Dispatch;

/// <summary>What the dispatcher has granted, and what the table counts, are the same.</summary>
public sealed class SlotLeasesTests
{
    private const string Driver = "silo1";

    private readonly ManualTime _clock = new();
    private readonly SlotLeases<string> _grants;

    public SlotLeasesTests()
    {
        _grants = new SlotLeases<string>(
            _clock, Platform.Process, static _ => true, onItsWay: TimeSpan.FromSeconds(5), longestOnItsWay: TimeSpan.FromSeconds(30));
        _grants.Slots.Configure(new GridConfig
        {
            Agents = ImmutableSortedDictionary<string, AgentConfig>.Empty
                .Add("a", new AgentConfig { Name = "a", MaxConcurrency = 3, Queue = "q" })
                .Add("b", new AgentConfig { Name = "b", MaxConcurrency = 2, Queue = "q" }),
        });
    }

    [Fact]
    public void Hold_KeyThatHoldsAnother_HoldsTheLast()
    {
        Put("n1", "n2");
        Take("slot", "a");
        Take("slot", "a");

        Assert.Equal((1, 1), (_grants.Count, Running("n1") + Running("n2")));
        Assert.True(_grants.Release("slot"));
        Assert.Equal(0, Running("n1") + Running("n2"));
    }

    [Fact]
    public void Reconcile_NodeHoldsWhatWasGrantedOnAnother_IsHeldWhereItIs()
    {
        Put("n1", "n2");
        var granted = Take("slot", "a")!;
        var other = granted == "n1" ? "n2" : "n1";

        _grants.Reconcile(other, [new ReportedSlot("slot", "a", null)]);

        Assert.Equal((0, 1), (Running(granted), Running(other)));
        _grants.Reconcile(granted, []);
        Assert.Equal(other, _grants.Find("slot")!.Slot.Node);
        _grants.Reconcile(other, []);
        Assert.Equal((0, 0), (_grants.Count, Running(other)));
    }

    [Fact]
    public void RemoveNode_SomebodyWaits_IsGrantedElsewhereAndNothingIsLeftThere()
    {
        Put("n1");
        for (var i = 0; i < 3; i++)
        {
            Take($"slot{i}", "a");
        }
        var waiter = new Waiter(this, "later");
        _grants.Slots.Wait(new SlotRequest("a", 0, DateTimeOffset.UnixEpoch, waiter));

        _grants.RemoveNode("n1");
        Assert.Equal(0, _grants.Count);
        Put("n2");

        Assert.Equal((1, "n2"), (_grants.Count, _grants.Find("later")!.Slot.Node));
        Assert.Equal(1, Running("n2"));
    }

    [Fact]
    public void AnySequence_TheTableCountsWhatIsGranted()
    {
        string[] nodes = ["n1", "n2", "n3"];
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            for (var step = 0; step < 60; step++)
            {
                var (node, key) = (nodes[random.Next(3)], $"slot{random.Next(8)}");
                var isThere = _grants.Slots.Nodes().Any(n => n.State.Name == node);
                switch (random.Next(8))
                {
                    case 0: Put(node); break;
                    case 1: _grants.RemoveNode(node); break;
                    case 2: _grants.Release(key); break;
                    case 3: _clock.Advance(TimeSpan.FromSeconds(random.Next(10))); break;
                    case 4 or 5: Take(key, random.Next(2) == 0 ? "a" : "b"); break;
                    case 6 or 7 when isThere:
                        _grants.Reconcile(node, [.. Enumerable.Range(0, 8).Where(_ => random.Next(3) == 0)
                            .Select(i => new ReportedSlot($"slot{i}", i % 2 == 0 ? "a" : "b", null))]);
                        break;
                    default: break; // there is no node
                }
                var granted = Enumerable.Range(0, 8).Select(i => _grants.Find($"slot{i}")).OfType<SlotLease<string>>().ToList();
                Assert.True(granted.Count == _grants.Count, $"seed {seed}, step {step}");
                Assert.All(_grants.Slots.Nodes(), n => Assert.True(
                    n.Agents.Sum(a => a.Running) == granted.Count(g => g.Slot.Node == n.State.Name),
                    $"seed {seed}, step {step}: {n.State.Name} has {string.Join(", ", n.Agents)}"));
            }
            Assert.All(nodes, _grants.RemoveNode);
        }
    }

    private void Put(params string[] nodes)
    {
        foreach (var node in nodes)
        {
            _grants.Slots.PutNode(new NodeState { Name = node });
        }
    }

    private string? Take(string key, string agent)
    {
        if (_grants.Slots.TryTake(agent) is not { } slot)
        {
            return null;
        }
        _grants.Hold(key, slot, Driver);
        return slot.Node;
    }

    private int Running(string node) =>
        _grants.Slots.Nodes().Where(n => n.State.Name == node).SelectMany(n => n.Agents).Sum(a => a.Running);

    private sealed class Waiter(SlotLeasesTests test, string key) : ISlotWaiter
    {
        public void OnGranted(TakenSlot slot) =>
            test._grants.Hold(key, slot, Driver);

        public void OnDrained() => throw new InvalidOperationException("no agent is ever drained here");

        public void OnAgentGone() => throw new InvalidOperationException("no agent is ever removed here");
    }
}
