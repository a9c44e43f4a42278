using System.Collections.Concurrent;
using System.Collections.Immutable;
using AgentGrid.Core.Grid;

namespace AgentGrid.Engine.Invocations;

/// <summary>
/// The invocations of one node that were cancelled and have not returned, by agent. Most leave within moments. An agent
/// that ignores its cancellation costs a slot for <see cref="InvocationServices.CancelGrace"/>, and then whatever its code
/// holds, for as long as it likes.
/// </summary>
public sealed class AbandonedInvocations
{
    /// <summary>How many are named of each agent.</summary>
    public const int MostNamed = 20;

    private readonly ConcurrentDictionary<string, ConcurrentDictionary<Invocation, bool>> _agents =
        new(StringComparer.Ordinal);

    /// <summary>How many of an agent there are.</summary>
    public int Count(string agent) => _agents.TryGetValue(agent, out var all) ? all.Count : 0;

    /// <summary>How many of an agent still hold their slot.</summary>
    public int HoldingSlots(string agent) => Of(agent).Count(static i => i.HoldsSlot);

    /// <summary>How many of an agent have not even returned by the time at which their slot was taken from them.</summary>
    public int GivenUp(string agent) => Of(agent).Count(static i => !i.HoldsSlot);

    /// <summary>Those of an agent that were cancelled first, in that order, <see cref="MostNamed"/> at most.</summary>
    public ImmutableArray<AbandonedAttempt> Named(string agent) =>
        [.. Of(agent).Select(static i => i.Describe()).OrderBy(static a => a.CancelledAt).Take(MostNamed)];

    internal void Add(Invocation invocation) =>
        _agents.GetOrAdd(invocation.Agent, static _ => new()).TryAdd(invocation, true);

    internal void Remove(Invocation invocation) => _agents[invocation.Agent].TryRemove(invocation, out _);

    private IEnumerable<Invocation> Of(string agent) =>
        _agents.TryGetValue(agent, out var all) ? all.Select(static i => i.Key) : [];
}
