using System.Collections.Immutable;
using AgentGrid.Core.Routing;

namespace AgentGrid.Grains.Matches;

/// <summary>
/// The agents and their load, as one turn sees them. Slots are granted by the dispatcher, after the turn has said what
/// it wants: here they are only counted, so that a turn that starts several attempts spreads them.
/// </summary>
internal sealed class TurnRouting(ImmutableDictionary<string, AgentLoad> loads) : IRoutingView
{
    private readonly Dictionary<string, AgentLoad> _counted = new(StringComparer.Ordinal);

    public IReadOnlyList<AgentLoad> Offering(ImmutableArray<string> capabilities) =>
    [
        .. loads.Values.Where(a => a.Agent.Capabilities.Any(c => capabilities.Contains(c))).Select(Counted),
    ];

    public AgentLoad? Named(string agent) => loads.TryGetValue(agent, out var load) ? Counted(load) : null;

    public string? TryReserve(string agent, string step, int attempt)
    {
        if (Named(agent) is { } load)
        {
            _counted[agent] = load.FreeSlots > 0
                ? load with { FreeSlots = load.FreeSlots - 1, Running = load.Running + 1 }
                : load with { Waiting = load.Waiting + 1 };
        }
        return null;
    }

    /// <summary>Whether a slot that has just been asked for is likely to be granted at once.</summary>
    public bool IsLikelyFree(string agent) =>
        loads.TryGetValue(agent, out var load) && load.FreeSlots > 0 && Counted(load).Waiting == load.Waiting;

    private AgentLoad Counted(AgentLoad load) => _counted.GetValueOrDefault(load.Agent.Name, load);
}
