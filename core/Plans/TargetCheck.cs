using AgentGrid.Core.Config;

namespace AgentGrid.Core.Plans;

/// <summary>Checks that what steps ask for exists: agents, and capabilities where a step cannot do without.</summary>
internal sealed class TargetCheck(GridConfig grid, ProblemList problems, bool checkCapabilities)
{
    private readonly string[] _agents = [.. grid.Agents.Keys];
    private readonly HashSet<string> _capabilities =
        grid.Agents.Values.SelectMany(a => a.Capabilities).ToHashSet(StringComparer.Ordinal);

    public void Run(IEnumerable<StepDraft> steps)
    {
        foreach (var step in steps)
        {
            if (step.Step.Agent is { } agent)
            {
                CheckAgent(agent, step, "agent");
            }
            foreach (var fallback in step.Step.Fallback)
            {
                CheckAgent(fallback, step, "fallback");
            }
            if (checkCapabilities && step.Step is { OnNone: OnNone.Fail, Optional: false })
            {
                CheckCapabilities(step);
            }
        }
    }

    private void CheckAgent(string agent, StepDraft step, string key)
    {
        if (!grid.Agents.ContainsKey(agent))
        {
            problems.Add(
                problems.IsFull ? step.Place : step.At(key, agent), ConfigCodes.UnknownAgent,
                $"step '{Names.Shorten(step.Id)}': unknown agent '{agent}'{problems.Suggest(agent, _agents)}");
        }
    }

    private void CheckCapabilities(StepDraft step)
    {
        foreach (var capability in step.Step.Capabilities.Where(c => !_capabilities.Contains(c)))
        {
            problems.Add(
                problems.IsFull ? step.Place : step.At("capability", capability), ConfigCodes.UnknownCapability,
                $"step '{Names.Shorten(step.Id)}': no agent offers '{capability}'" +
                problems.Suggest(capability, _capabilities));
        }
    }
}
