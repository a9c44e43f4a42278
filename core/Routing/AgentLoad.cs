using System.Collections.Immutable;

namespace AgentGrid.Core.Routing;

/// <summary>One agent as the router sees it at one moment.</summary>
/// <param name="Slots">How many attempts it can run at once.</param>
/// <param name="FreeSlots">How many more it could start now, its queue's limit counted in.</param>
/// <param name="Waiting">How many attempts wait for a slot of it.</param>
public sealed record AgentLoad(
    string Agent, ImmutableArray<string> Capabilities, int Priority, string Queue, int Slots, int FreeSlots, int Waiting);
