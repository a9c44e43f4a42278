using AgentGrid.Conformance;
using AgentGrid.GrainInterfaces.Dispatch;

namespace AgentGrid.Cluster.Tests.Hosting;

/// <summary>Asking the dispatcher for slots, as whoever drives a run does.</summary>
internal static class Slots
{
    /// <summary>Asks for a slot until there is one: an answer is given after some seconds, whatever it is.</summary>
    public static async Task<SlotReply> GrantedAsync(this IDispatcherGrain dispatcher, SlotRequest request)
    {
        var reply = await dispatcher.AcquireSlotAsync(request);
        await Limits.EventuallyAsync(
            async () =>
            {
                reply = reply.Outcome == SlotOutcome.Waiting ? await dispatcher.AcquireSlotAsync(request) : reply;
                return reply.Outcome != SlotOutcome.Waiting;
            },
            () => new($"'{request.Slot}' waits for a slot"));
        Assert.Equal(SlotOutcome.Granted, reply.Outcome);
        return reply;
    }
}
