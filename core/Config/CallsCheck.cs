using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Config;

/// <summary>Says which calls between agents cannot be.</summary>
internal sealed class CallsCheck(IReadOnlyDictionary<string, AgentConfig> agents, ProblemList problems)
{
    public void Report()
    {
        foreach (var agent in agents.Values)
        {
            foreach (var called in CallsOf(agent.Name))
            {
                if (Problem(agent.Name, called.Name) is var (code, problem))
                {
                    problems.Add(called.Place, code, problem);
                }
            }
        }
    }

    private (string Code, string Message)? Problem(string agent, string called)
    {
        if (!agents.TryGetValue(called, out var config))
        {
            return (ConfigCodes.UnknownAgent, $"unknown agent '{Names.Shorten(called)}'{problems.Suggest(called, [.. agents.Keys])}");
        }
        if (config.MaxConcurrencyTotal is not null)
        {
            // Calls are counted on their node, and by nobody else.
            return (ConfigCodes.Contradiction,
                $"'{called}' has 'max_concurrency_total', which calls by other agents would not respect: leave it out there, and limit " +
                $"the calls with the 'max_concurrency' of '{called}'.");
        }
        return called == agent || Reaches(called, agent, [])
            ? (ConfigCodes.Contradiction,
                $"'{agent}' would call itself{(called == agent ? "" : $" through '{called}'")}, and could wait for its own slot: leave one of the calls out.")
            : null;
    }

    private bool Reaches(string from, string to, HashSet<string> seen) =>
        seen.Add(from) && CallsOf(from).Any(c => c.Name == to || Reaches(c.Name, to, seen));

    private IEnumerable<CalledAgent> CallsOf(string agent) =>
        agents.TryGetValue(agent, out var config) && config.Kind?.Settings is { Calls: { IsDefaultOrEmpty: false } calls } ? calls : [];
}
