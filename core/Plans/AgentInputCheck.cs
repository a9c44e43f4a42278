using System.Collections.Immutable;
using System.Text.Json;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Plans;

/// <summary>
/// Warns of steps whose <c>with</c> lacks what their agents need, or has what these do not know, as their input schemas have
/// it. Without <c>with</c> an input is whatever was posted, and nothing can be said. Nor where one of the agents that can be
/// asked would take it.
/// </summary>
internal sealed class AgentInputCheck(ImmutableSortedDictionary<string, AgentConfig> agents, ProblemList problems)
{
    public void Run(IEnumerable<StepDraft> steps)
    {
        foreach (var step in steps)
        {
            Look(step);
        }
    }

    private void Look(StepDraft draft)
    {
        if (draft.Step.With is not { } with || AskedBy(draft.Step) is not { Length: > 0 } asked)
        {
            return;
        }
        var given = with.Keys.Concat(draft.Step.Input?.Element.EnumerateObject().Select(static m => m.Name) ?? [])
            .ToHashSet(StringComparer.Ordinal);
        var who = $"step '{Names.Shorten(draft.Id)}': agent '{asked[0].Name}'";
        foreach (var name in asked.Select(Required).Aggregate(static (all, next) => [.. all.Intersect(next)]).Except(given))
        {
            problems.Warn(
                draft.At("with"), ConfigCodes.UnfitInput,
                $"{who} needs '{Names.Shorten(name)}' in its input, but 'with' gives: {Words(given)}. Add it there.");
        }
        foreach (var name in with.Keys.Where(n => asked.All(a => !Knows(a, n))))
        {
            var known = PropertiesOf(asked[0]).ToArray();
            problems.Warn(
                draft.At("with", name), ConfigCodes.UnfitInput,
                $"{who} has no '{Names.Shorten(name)}' in its input{problems.Suggest(name, known)}");
        }
    }

    private AgentConfig[] AskedBy(Step step) => step.Agent is { } agent
        ? agents.TryGetValue(agent, out var one) ? [one] : []
        : [.. agents.Values.Where(a => a.Enabled && a.Capabilities.Intersect(step.Capabilities).Any())];

    private static string[] Required(AgentConfig agent) =>
        Schema(agent) is { } schema && schema.TryGetProperty("required", out var names) && names.ValueKind == JsonValueKind.Array
            ? [.. names.EnumerateArray().Where(static n => n.ValueKind == JsonValueKind.String).Select(static n => n.GetString()!)]
            : [];

    // A type reads what it names; a schema of agents.yaml allows more, unless it says otherwise.
    private static bool Knows(AgentConfig agent, string name) =>
        Schema(agent) is not { } schema || !schema.TryGetProperty("properties", out _)
        || schema.TryGetProperty("patternProperties", out _)
        || !(schema.TryGetProperty("additionalProperties", out var more)
            ? more.ValueKind == JsonValueKind.False
            : agent.ReadsType)
        || PropertiesOf(agent).Contains(name);

    private static IEnumerable<string> PropertiesOf(AgentConfig agent) =>
        Schema(agent) is { } schema && schema.TryGetProperty("properties", out var properties)
            && properties.ValueKind == JsonValueKind.Object
            ? properties.EnumerateObject().Select(static p => p.Name)
            : [];

    private static JsonElement? Schema(AgentConfig agent) =>
        agent.InputSchema?.Element is { ValueKind: JsonValueKind.Object } schema ? schema : null;

    private static string Words(IReadOnlyCollection<string> names) =>
        names.Count == 0 ? "nothing" : string.Join(", ", names.Order(StringComparer.Ordinal).Select(n => Names.Shorten(n)));
}
