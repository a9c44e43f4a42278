using System.Collections.Immutable;
using System.Text.Json;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Routing;

/// <summary>Labels by which candidates come before others: those that have more of them first, the others after.</summary>
public sealed class LabelPreference
{
    private readonly Labels _wanted;
    private readonly string _words;

    private LabelPreference(Labels wanted) =>
        (_wanted, _words) = (wanted, string.Join(", ", wanted.All.Select(static l => $"{l.Key}={l.Value}")));

    /// <summary>What a step prefers, by the values that it takes from its run.</summary>
    /// <param name="root">Gives the value of a root; null when it has none.</param>
    /// <returns>Null where it prefers nothing, as where no path leads to a value.</returns>
    public static LabelPreference? Of(Step step, Func<string, Json?> root) => step.Prefer is not { } prefer ? null
        : Of(Labels.Of(
            prefer.Select(p => KeyValuePair.Create(p.Key, TextOf(p.Value.Find(root)))).Where(static l => l.Value is not null)!, out _));

    /// <summary>Null for none.</summary>
    public static LabelPreference? Of(Labels? wanted) => wanted is null ? null : new LabelPreference(wanted);

    /// <summary>The wanted labels that an agent has.</summary>
    public ImmutableArray<string> Of(AgentConfig agent) => agent.Labels is not { } labels ? [] :
        [.. _wanted.All.Where(w => labels.All.GetValueOrDefault(w.Key) == w.Value).Select(static w => $"{w.Key}={w.Value}")];

    /// <summary>What is preferred, and whether a candidate has it: <c>prefers lang=de: matches</c>.</summary>
    public string InWords(RoutingCandidate candidate) => $"prefers {_words}: {candidate.Matches switch
    {
        null => "nobody matches",
        var matches when matches == _words => "matches",
        var matches => $"matches {matches}",
    }}";

    private static string? TextOf(Json value) => value.Element is var element && element.ValueKind switch
    {
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => element.GetRawText(),
        _ => null, // no label is equal to it
    } is { } text && text.Length is > 0 and <= Labels.LongestText ? text : null;
}
