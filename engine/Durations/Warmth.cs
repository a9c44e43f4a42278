using AgentGrid.Core.Plans;

namespace AgentGrid.Engine.Durations;

/// <summary>
/// Which agents are warm on which nodes, by how their attempts ended. An attempt is cold when it started before any of its agent
/// was known to have succeeded on its node: it may have waited for a model to be loaded, a process to start, code to be
/// compiled. So are those that start beside the first. Guarded by its owner.
/// </summary>
internal sealed class Warmth
{
    private const int MostPlaces = 10_000;

    private readonly Dictionary<(string Agent, string Node), DateTimeOffset> _since = [];

    /// <summary>Whether its agent was warm there. A wait has none, and runs of other plans have nothing to load.</summary>
    public bool Was(in EndedWork work) => work.Agent.Length == 0 || PlanCalls.Is(work.Agent)
        || (_since.TryGetValue((work.Agent, work.Node), out var since) && work.StartedAt >= since);

    /// <summary>An agent is warm on a node.</summary>
    public bool Has(string agent, string node) => _since.ContainsKey((agent, node));

    /// <summary>An attempt has succeeded there.</summary>
    public void Succeeded(in EndedWork work)
    {
        if (_since.ContainsKey((work.Agent, work.Node)))
        {
            return;
        }
        if (_since.Count >= MostPlaces)
        {
            _since.Clear(); // what is warm is found out again
        }
        _since.Add((work.Agent, work.Node), work.EndedAt);
    }

    /// <summary>The node's process has ended: nothing is warm there.</summary>
    public void Lost(string node)
    {
        foreach (var place in _since.Keys.Where(k => k.Node == node).ToArray())
        {
            _since.Remove(place);
        }
    }
}
