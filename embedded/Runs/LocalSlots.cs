using System.Collections.Immutable;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Slots;
using AgentGrid.Engine.Store;

namespace AgentGrid.Embedded.Runs;

/// <summary>The slots of this process, which are known at any moment.</summary>
internal sealed class LocalSlots(SlotTable table) : ISlotSource
{
    public bool Refresh(RunDriver driver) => false;

    public IReadOnlyList<AgentLoad> Offering(ImmutableArray<string> capabilities) => table.Offering(capabilities);

    public AgentLoad? Named(string agent) => table.Named(agent);

    public IHeldSlot? TryTake(string agent, HedgedStep? hedged) => table.TryTake(agent, near: null, hedged);

    public IPendingSlot Ask(OpenAttempt attempt)
    {
        var run = attempt.Run;
        var request = new SlotRequest(
            attempt.State.Agent, run.Priority, run.Deadline, new Waiter(attempt), run.Tenant)
        {
            Flow = attempt.Flow,
            Isolation = Isolation.Of(attempt.State),
            Hedged = attempt.Hedged,
            LongestPath = attempt.Rank,
        };
        table.Wait(request);
        return request;
    }

    public bool AwaitGrants(RunDriver driver) => false;

    public void Withdraw(IPendingSlot pending)
    {
        var request = (SlotRequest)pending;
        if (!table.Withdraw(request))
        {
            table.Release(request.Granted!);
        }
    }

    public void Release(IHeldSlot slot) => table.Release((TakenSlot)slot);

    public void Serve() => table.Serve();

    public void Report(string agent, string? node, bool hasFailed) => table.Report(agent, node, hasFailed);

    public void Forget(IPendingSlot pending) => Withdraw(pending);

    public void Forget(IHeldSlot slot) => Release(slot);

    private sealed class Waiter(OpenAttempt attempt) : ISlotWaiter
    {
        public void OnGranted(TakenSlot slot) => attempt.Grant(slot);

        public void OnHedgeRefused(string reason) => attempt.HearOfRefusal(reason);

        public void OnDrained() => attempt.HearOfDrain();

        public void OnAgentGone() => attempt.FailForWantOfAgent();
    }
}
