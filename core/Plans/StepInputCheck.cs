using System.Collections.Immutable;
using System.Text.Json;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Plans;

/// <summary>
/// Warns of steps whose <c>with</c> lacks what their agents or the plan that they call need, or has what these do not know, as their input
/// schemas have it. Without <c>with</c> an input is whatever was posted, and nothing can be said. Nor where one of the agents that can be
/// asked would take it.
/// </summary>
/// <param name="plans">The input schemas of the plans that can be called, by name; of one that is not there nothing is known.</param>
internal sealed class StepInputCheck(
    ImmutableSortedDictionary<string, AgentConfig> agents, IReadOnlyDictionary<string, Json> plans, ProblemList problems)
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
        var who = $"step '{Names.Shorten(draft.Id)}': {asked[0].Who}";
        foreach (var name in asked.Select(static a => a.Required).Aggregate(static (all, next) => [.. all.Intersect(next)]).Except(given))
        {
            problems.Warn(
                draft.At("with"), ConfigCodes.UnfitInput,
                $"{who} needs '{Names.Shorten(name)}' in its input, but 'with' gives: {Words(given)}. Add it there.");
        }
        foreach (var name in with.Keys.Where(n => asked.All(a => !a.Knows(n))))
        {
            problems.Warn(
                draft.At("with", name), ConfigCodes.UnfitInput,
                $"{who} has no '{Names.Shorten(name)}' in its input{problems.Suggest(name, [.. asked[0].Properties])}");
        }
    }

    private Asked[] AskedBy(Step step) =>
        step.Plan is { } plan ? plans.TryGetValue(plan, out var schema) ? [new Asked($"plan '{plan}'", SchemaOf(schema), ReadsType: false)] : []
        : step.Agent is { } agent ? agents.TryGetValue(agent, out var one) ? [Of(one)] : []
        : [.. agents.Values.Where(a => a.Enabled && a.Capabilities.Intersect(step.Capabilities).Any()).Select(Of)];

    private static Asked Of(AgentConfig agent) => new($"agent '{agent.Name}'", SchemaOf(agent.InputSchema), agent.ReadsType);

    private static JsonElement? SchemaOf(Json? schema) => schema?.Element is { ValueKind: JsonValueKind.Object } read ? read : null;

    private static string Words(IReadOnlyCollection<string> names) =>
        names.Count == 0 ? "nothing" : string.Join(", ", names.Order(StringComparer.Ordinal).Select(n => Names.Shorten(n)));

    /// <summary>An agent or a plan, by what it says of its input.</summary>
    private sealed record Asked(string Who, JsonElement? Schema, bool ReadsType)
    {
        public string[] Required =>
            Schema is { } schema && schema.TryGetProperty("required", out var names) && names.ValueKind == JsonValueKind.Array
                ? [.. names.EnumerateArray().Where(static n => n.ValueKind == JsonValueKind.String).Select(static n => n.GetString()!)]
                : [];

        public IEnumerable<string> Properties =>
            Schema is { } schema && schema.TryGetProperty("properties", out var properties) && properties.ValueKind == JsonValueKind.Object
                ? properties.EnumerateObject().Select(static p => p.Name)
                : [];

        // A type reads what it names; a schema that somebody has written allows more, unless it says otherwise.
        public bool Knows(string name) =>
            Schema is not { } schema || !schema.TryGetProperty("properties", out _)
            || schema.TryGetProperty("patternProperties", out _)
            || !(schema.TryGetProperty("additionalProperties", out var more)
                ? more.ValueKind == JsonValueKind.False
                : ReadsType)
            || Properties.Contains(name);
    }
}
