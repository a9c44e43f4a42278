using System.Diagnostics.Metrics;
using AgentGrid.Engine.Slots;
using AgentGrid.Engine.Telemetry;

namespace AgentGrid.Engine.Invocations;

/// <summary>What agents that ignore their cancellation cost one node.</summary>
public static class AbandonedGauges
{
    /// <param name="slots">The slots of the node.</param>
    public static void AddTo(Meter meter, AbandonedInvocations abandoned, SlotTable slots)
    {
        meter.CreateObservableGauge(
            "agentgrid.slots.abandoned", () => slots.All().Measure(a => abandoned.HoldingSlots(a.Agent.Name)), "{slot}",
            "Slots that are held by attempts which have ended, because their agents have not returned, by agent and queue");
        meter.CreateObservableGauge(
            "agentgrid.attempts.given_up", () => slots.All().Measure(a => abandoned.GivenUp(a.Agent.Name)), "{attempt}",
            "Attempts that lost their slot because their agents did not return, and still have not, by agent and queue");
    }
}
