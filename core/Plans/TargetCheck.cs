using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Plans;

/// <summary>Checks that what steps ask for exists: agents, plans, and capabilities where a step cannot do without.</summary>
/// <param name="plans">The names of the plans that can be called; null: whether they exist is not looked at.</param>
internal sealed class TargetCheck(
    ImmutableSortedDictionary<string, AgentConfig> agents, IEnumerable<string>? plans, ProblemList problems, bool checkCapabilities)
{
    private readonly string[] _names = [.. agents.Keys];
    private readonly HashSet<string> _capabilities =
        agents.Values.SelectMany(a => a.Capabilities).ToHashSet(StringComparer.Ordinal);

    private readonly HashSet<string>? _plans = plans?.ToHashSet(StringComparer.Ordinal);

    public void Run(IEnumerable<StepDraft> steps)
    {
        foreach (var step in steps)
        {
            if (step.Step.Agent is { } agent)
            {
                CheckAgent(agent, step, "agent");
            }
            if (step.Step.Plan is { } plan && _plans?.Contains(plan) == false)
            {
                problems.Add(
                    problems.IsFull ? step.Place : step.At("plan"), ConfigCodes.UnknownPlan,
                    $"step '{Names.Shorten(step.Id)}': unknown plan '{plan}'{problems.Suggest(plan, _plans)}");
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
        if (!agents.ContainsKey(agent))
        {
            problems.Add(
                problems.IsFull ? step.Place : step.At(key, agent), ConfigCodes.UnknownAgent,
                $"step '{Names.Shorten(step.Id)}': unknown agent '{agent}'{problems.Suggest(agent, _names)}");
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
