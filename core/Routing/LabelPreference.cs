using System.Collections.Immutable;
using System.Text.Json;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Routing;

/// <summary>Labels by which agents and nodes come before others: those that have more of them first, the others after.</summary>
public sealed class LabelPreference
{
    private readonly Labels _wanted;
    private readonly string? _words;

    private LabelPreference(Labels wanted) => (_wanted, _words) = (wanted, InWords([.. wanted.All]));

    /// <summary>What is preferred.</summary>
    public Labels Wanted => _wanted;

    /// <summary>What a step prefers, by the values that it takes from its run.</summary>
    /// <param name="root">Gives the value of a root; null when it has none.</param>
    /// <returns>Null where it prefers nothing, as where no path leads to a value.</returns>
    public static LabelPreference? Of(Step step, Func<string, Json?> root) => step.Prefer is not { } prefer ? null
        : Of(Labels.Of(
            prefer.Select(p => KeyValuePair.Create(p.Key, TextOf(p.Value.Find(root)))).Where(static l => l.Value is not null)!, out _));

    /// <summary>Null for none.</summary>
    public static LabelPreference? Of(Labels? wanted) => wanted is null ? null : new LabelPreference(wanted);

    /// <summary>The wanted labels that an agent has together with one of the nodes that can run it: with the one that has most of them.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Of(in AgentLoad load)
    {
        var best = Of(load.Agent.Labels, null);
        foreach (var node in load.NodeLabels ?? [])
        {
            var both = Of(load.Agent.Labels, node);
            best = both.Length > best.Length ? both : best;
        }
        return best;
    }

    /// <summary>The wanted labels that a node has.</summary>
    public ImmutableArray<KeyValuePair<string, string>> OfNode(Labels? node) => Of(node, null);

    /// <summary>What is left to look for in nodes when an agent has been chosen; null when it has all that is wanted.</summary>
    public LabelPreference? Without(AgentConfig agent) => agent.Labels is null ? this
        : Of(Labels.Of(_wanted.All.Where(w => !Has(agent.Labels, w)), out _));

    /// <summary><c>lang=de, zone=eu</c>; null for none.</summary>
    public static string? InWords(ImmutableArray<KeyValuePair<string, string>> labels) =>
        labels.IsEmpty ? null : string.Join(", ", labels.Select(static l => $"{l.Key}={l.Value}"));

    /// <summary>What is preferred, and whether a candidate has it: <c>prefers lang=de: matches</c>.</summary>
    /// <param name="matches">The wanted labels that it has; null for none.</param>
    public string InWords(string? matches) => $"prefers {_words}: {matches switch
    {
        null => "nobody matches",
        _ when matches == _words => "matches",
        _ => $"matches {matches}",
    }}";

    /// <summary>What is preferred, where those that have it fail, are late, or run nowhere now.</summary>
    public string NoneIsFit => $"prefers {_words}: nobody who matches is fit for it now";

    private ImmutableArray<KeyValuePair<string, string>> Of(Labels? labels, Labels? others) =>
        labels is null && others is null ? [] : [.. _wanted.All.Where(w => Has(labels, w) || Has(others, w))];

    private static bool Has(Labels? labels, KeyValuePair<string, string> wanted) =>
        labels?.All.GetValueOrDefault(wanted.Key) == wanted.Value;

    private static string? TextOf(Json value) => value.Element is var element && element.ValueKind switch
    {
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => element.GetRawText(),
        _ => null, // no label is equal to it
    } is { } text && text.Length is > 0 and <= Labels.LongestText ? text : null;
}
