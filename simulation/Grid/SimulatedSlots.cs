using System.Collections.Immutable;
using AgentGrid.Core.Placement;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Slots;

namespace AgentGrid.Simulation.Grid;

/// <summary>
/// The slots of all nodes, for the drivers of one process. Of one node they are known at any moment, as in the embedded
/// engine; of several they are asked for after the turn, as in a cluster, and loads count what the turn is about to ask for.
/// </summary>
internal sealed class SimulatedSlots(SlotTable table, bool isOneNode) : ISlotSource
{
    private readonly Dictionary<string, int> _counted = new(StringComparer.Ordinal);
    private readonly HashSet<SlotRequest> _asked = [];

    public bool Refresh(RunDriver driver)
    {
        _counted.Clear();
        return false;
    }

    public IReadOnlyList<AgentLoad> Offering(ImmutableArray<string> capabilities) =>
        _counted.Count == 0 ? table.Offering(capabilities) : [.. table.Offering(capabilities).Select(Counted)];

    public AgentLoad? Named(string agent) => table.Named(agent) is { } load ? Counted(load) : null;

    public IHeldSlot? TryTake(string agent, HedgedStep? hedged)
    {
        if (isOneNode)
        {
            return table.TryTake(agent, near: null, hedged) is { } slot ? new HeldSlot(slot, null) : null;
        }
        _counted[agent] = _counted.GetValueOrDefault(agent) + 1;
        return null;
    }

    public IPendingSlot Ask(OpenAttempt attempt)
    {
        var run = attempt.Run;
        _counted.Remove(attempt.State.Agent);
        SlotRequest request = null!;
        request = new SlotRequest(attempt.State.Agent, run.Priority, run.Deadline, new Waiter(this, attempt, () => request), run.Tenant)
        {
            Flow = attempt.Flow,
            Isolation = Isolation.Of(attempt.State),
            Hedged = attempt.Hedged,
            LongestPath = attempt.Rank,
            Prefer = attempt.Prefer,
            Near = isOneNode ? null : NearOf(run, attempt.Step),
        };
        _asked.Add(request);
        table.Wait(request);
        return request;
    }

    public bool AwaitGrants(RunDriver driver) => false;

    public void Withdraw(IPendingSlot pending)
    {
        var request = (SlotRequest)pending;
        _asked.Remove(request);
        if (!table.Withdraw(request))
        {
            table.Release(request.Granted!);
        }
    }

    public void Release(IHeldSlot slot) => table.Release(((HeldSlot)slot).Slot);

    public void Serve() => table.Serve();

    public void Report(string agent, string? node, bool hasFailed) => table.Report(agent, node, hasFailed);

    public void Forget(IPendingSlot pending) => Withdraw(pending);

    public void Forget(IHeldSlot slot) => Release(slot);

    /// <summary>The process is dead: nobody waits for what it has asked for, or has been given and not used.</summary>
    public void Drop()
    {
        foreach (var request in _asked.ToArray())
        {
            Withdraw(request);
        }
    }

    /// <summary>An agent is asked on the slot: it is the call's from now on.</summary>
    public static TakenSlot Use(IHeldSlot slot)
    {
        var held = (HeldSlot)slot;
        held.Used?.Invoke();
        return held.Slot;
    }

    private AgentLoad Counted(AgentLoad load)
    {
        if (_counted.GetValueOrDefault(load.Agent.Name) is not (> 0 and var counted))
        {
            return load;
        }
        var free = Math.Min(load.FreeSlots, counted);
        return load with { FreeSlots = load.FreeSlots - free, Running = load.Running + free, Waiting = load.Waiting + counted - free };
    }

    // Where the step that it needs has run last, its output and whatever it has loaded may still be.
    private static string? NearOf(RunState run, StepState step) => run.Plan.Needs[step.Index]
        .Select(need => run.Steps[need].Attempts.FindLast(static a => a.Status == AttemptStatus.Succeeded))
        .FirstOrDefault(static a => a is not null)?.Node;

    /// <param name="Used">Told when an agent is asked on it.</param>
    private sealed record HeldSlot(TakenSlot Slot, Action? Used) : IHeldSlot
    {
        public string Node => Slot.Node;

        public PlacementDecision? Choice => Used is null ? null : Slot.Placement;
    }

    private sealed class Waiter(SimulatedSlots slots, OpenAttempt attempt, Func<SlotRequest> request) : ISlotWaiter
    {
        public void OnGranted(TakenSlot slot) => attempt.Grant(new HeldSlot(slot, () => slots._asked.Remove(request())));

        public void OnHedgeRefused(string reason)
        {
            slots._asked.Remove(request());
            attempt.HearOfRefusal(reason);
        }

        public void OnDrained() => attempt.HearOfDrain();

        public void OnAgentGone()
        {
            slots._asked.Remove(request());
            attempt.FailForWantOfAgent();
        }
    }
}
