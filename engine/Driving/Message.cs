using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Driving;

/// <summary>Something in the mailbox of a driver.</summary>
/// <param name="Input">What the run is told; null for nothing.</param>
/// <param name="Reply">Who waits until that is durable.</param>
/// <param name="Look">Who wants to see the state between two turns; also when the run is over.</param>
/// <param name="From">The attempt whose slot it is about: not heard when that has ended, or asks anew.</param>
/// <param name="Again">The turn that it was in broke, perhaps because of it.</param>
internal readonly record struct Message(
    RunInput? Input, TaskCompletionSource<string?>? Reply = null, Action<RunState>? Look = null,
    OpenAttempt? From = null, bool Again = false);

/// <summary>Somebody who waits until a turn is durable.</summary>
/// <param name="Ignored">Why the input was not heeded; null when it was.</param>
internal readonly record struct AwaitedReply(Message Message, string? Ignored);

/// <summary>What is to happen when a turn is durable.</summary>
/// <param name="Ended">The run, when it has ended with this turn.</param>
/// <param name="Orphans">Attempts whose children nobody waits for any more.</param>
/// <param name="Deliveries">What webhooks are to be told from then on; null for nothing.</param>
internal sealed record TurnEnd(
    RunSummary? Ended, List<AwaitedReply>? Replies, List<OpenAttempt>? Calls, List<OpenAttempt>? Orphans,
    WebhookDelivery[]? Deliveries = null)
{
    public static readonly TurnEnd Nothing = new(null, null, null, null);
}
