using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Routing;

namespace AgentGrid.Grains.Driving;

/// <summary>
/// The agents and their load, as one turn sees them. Slots are granted by the dispatcher, after the turn has said what
/// it wants: here they are only counted, so that a turn that starts several attempts spreads them.
/// </summary>
/// <param name="known">The load of an agent as far as the dispatcher has told it; null where it has not.</param>
internal sealed class LoadSnapshot(GridConfig config, Func<AgentConfig, AgentLoad?> known)
{
    private readonly Dictionary<string, AgentLoad> _loads = new(StringComparer.Ordinal);
    private HashSet<string>? _waitedFor;

    public IReadOnlyList<AgentLoad> Offering(ImmutableArray<string> capabilities) =>
    [
        .. config.Agents.Values.Where(a => a.Enabled && a.Capabilities.Any(c => capabilities.Contains(c))).Select(LoadOf),
    ];

    public AgentLoad? Named(string agent) =>
        config.Agents.TryGetValue(agent, out var found) && found.Enabled ? LoadOf(found) : null;

    /// <summary>One more attempt of an agent, which is about to ask for its slot.</summary>
    public void Count(string agent)
    {
        if (Named(agent) is not { } load)
        {
            return;
        }
        if (load.Failing is { IsOpen: true, IsAvoided: false } failing)
        {
            // This one finds out whether it works again.
            load = load with { Failing = failing with { NextTryIn = load.Agent.Breaker.Cooldown } };
        }
        if (load.FreeSlots > 0)
        {
            _loads[agent] = load with { FreeSlots = load.FreeSlots - 1, Running = load.Running + 1 };
        }
        else
        {
            _loads[agent] = load with { Waiting = load.Waiting + 1 };
            (_waitedFor ??= new(StringComparer.Ordinal)).Add(agent);
        }
    }

    /// <summary>Whether slots that the turn has just asked for are likely to be granted at once.</summary>
    public bool IsLikelyFree(string agent) => _loads.ContainsKey(agent) && _waitedFor?.Contains(agent) != true;

    /// <summary>Whether the last attempt of an agent has failed, anywhere or on a node, as far as the dispatcher knew.</summary>
    public bool IsFailing(string agent, string? node) => config.Agents.TryGetValue(agent, out var found) && known(found) is { } load
        && (load.Failing is not null || load.FailingNodes?.Any(n => n.Node == node) == true);

    // An agent that the dispatcher has not told of is there all the same; nothing of it is known to be free.
    private AgentLoad LoadOf(AgentConfig agent)
    {
        if (!_loads.TryGetValue(agent.Name, out var load))
        {
            load = known(agent) ?? new AgentLoad(agent, 0, 0, 0);
            _loads.Add(agent.Name, load);
        }
        return load;
    }
}
