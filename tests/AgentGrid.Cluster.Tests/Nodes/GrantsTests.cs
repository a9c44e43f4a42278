using System.Net;
using AgentGrid.GrainInterfaces.Agents;
using AgentGrid.GrainInterfaces.Dispatch;
using AgentGrid.Grains.Dispatch;
using Orleans.Runtime;

namespace AgentGrid.Cluster.Tests.Nodes;

/// <summary>How long a slot is held for an attempt that its node has not reported.</summary>
public sealed class GrantsTests
{
    private static readonly SiloAddress s_node = SiloAddress.New(IPAddress.Loopback, 11_111, 1);
    private static readonly SiloAddress s_driver = SiloAddress.New(IPAddress.Loopback, 11_112, 1);

    private readonly SetClock _clock = new();
    private readonly FakeSilos _silos = new(s_node, s_driver);
    private readonly Grants _grants;

    public GrantsTests() => _grants = new Grants(_clock, _silos, new DispatchTimes());

    [Fact]
    public void Reconcile_NotYetReported_IsHeldWhileItsDriverLives()
    {
        Add("slow", s_driver);
        _clock.Now = TimeSpan.FromSeconds(29);
        Assert.Empty(LostOf());

        _silos.Dead.Add(s_driver);
        Assert.Equal(["slow"], LostOf());
        Assert.Equal(0, _grants.Count);
    }

    [Fact]
    public void Reconcile_NotYetReportedAndItsDriverIsNotKnownOrDead_IsHeldForSomeSeconds()
    {
        _silos.Dead.Add(s_driver);
        Add("of an earlier version", driver: null);
        Add("of the dead", s_driver);
        _clock.Now = TimeSpan.FromSeconds(4.9);
        Assert.Empty(LostOf());

        _clock.Now = TimeSpan.FromSeconds(5.1);
        Assert.Equal(["of an earlier version", "of the dead"], LostOf());
    }

    [Fact]
    public void Reconcile_NeverReported_IsNotHeldForEver()
    {
        Add("forgotten", s_driver);
        _clock.Now = TimeSpan.FromSeconds(31);

        Assert.Equal(["forgotten"], LostOf());
    }

    [Fact]
    public void Reconcile_ReportedAndThenNot_IsLostAtOnce()
    {
        Add("ended", s_driver);
        Assert.Equal(1, _grants.CountOnTheirWay("gpu1"));
        Assert.Empty(LostOf("ended"));
        Assert.Equal(0, _grants.CountOnTheirWay("gpu1"));

        Assert.Equal(["ended"], LostOf());
    }

    private void Add(string slot, SiloAddress? driver) =>
        _grants.Add(slot, "worker", gpu: null, new SlotReply(SlotOutcome.Granted, "gpu1"), driver);

    // What is taken back when the node reports that it holds these.
    private List<string> LostOf(params string[] held)
    {
        var adopted = _grants.Reconcile(
            new NodeReport { Node = "gpu1", Silo = s_node, Held = [.. held.Select(h => new HeldSlot(h, "worker", null))] },
            out var lost);
        Assert.Empty(adopted);
        return [.. lost.Select(g => g.Slot).Order(StringComparer.Ordinal)];
    }
}
