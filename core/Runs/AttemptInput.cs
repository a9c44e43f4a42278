using System.Collections.Immutable;
using System.Text.Json;
using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Runs;

/// <summary>
/// What an attempt is given, captured while its run is looked at, so that the JSON object can be composed later, on
/// another thread, and only when the agent asks for it.
/// </summary>
public sealed class AttemptInput
{
    private readonly Json _posted;
    private readonly Step _step;
    private readonly ImmutableDictionary<string, Json> _roots;
    private readonly Json? _item;
    private readonly int _index;

    private AttemptInput(
        Json posted, Step step, ImmutableDictionary<string, Json> results, ImmutableDictionary<string, Json> roots, Json? item,
        int index)
    {
        _posted = posted;
        _step = step;
        Results = results;
        _roots = roots;
        _item = item;
        _index = index;
    }

    /// <summary>The outputs of the needed steps, by id; JSON null for one without an output.</summary>
    public ImmutableDictionary<string, Json> Results { get; }

    public static AttemptInput Of(RunState state, StepState step, AttemptState attempt)
    {
        var results = ImmutableDictionary<string, Json>.Empty;
        foreach (var need in state.Plan.Needs[step.Index])
        {
            results = results.SetItem(state.Steps[need].Id, state.Steps[need].Output ?? Json.Null);
        }
        var item = step.Step.Mode == StepMode.Each ? Items(state, step)[attempt.Branch] : null;
        var roots = step.Step.With is null ? results : RootsOf(state, step.Step.With, results);
        return new AttemptInput(state.Input, step.Step, results, roots, item, attempt.Branch);
    }

    /// <summary>
    /// The members of the step's <c>with</c>; or, where it has none, what was posted, the results by step id, <c>item</c> and
    /// <c>index</c>. The step's own <c>input</c> is over that: it replaces what has the same name, and objects are merged.
    /// Texts of values are copied as they stand.
    /// </summary>
    public Json Compose() => Json.Build(writer =>
    {
        var overlay = _step.Input;
        var written = new HashSet<string>(StringComparer.Ordinal);
        writer.WriteStartObject();
        foreach (var (name, value) in Below().Concat(MembersOf(overlay)))
        {
            if (written.Add(name))
            {
                writer.WritePropertyName(name);
                Over(value, name).WriteTo(writer);
            }
        }
        writer.WriteEndObject();
    });

    /// <summary>
    /// A member of what <see cref="Compose"/> makes, without making it: what was parsed for one attempt is there for all. Null
    /// when there is none.
    /// </summary>
    public JsonElement? Member(string name) =>
        (MemberBelow(name) is { } value ? Over(value, name) : MemberOf(_step.Input, name))?.Element;

    // What the step's own input is over, in this order; of members with the same name the first counts.
    private IEnumerable<(string Name, Json Value)> Below()
    {
        if (_step.With is { } with)
        {
            // What many items want of the same output is looked for in its tree.
            return with.Select(m => (m.Key, m.Value.Find(_item is null ? RootOf : ParsedRootOf)));
        }
        IEnumerable<(string, Json)> item = _item is null ? [] : [("item", _item), ("index", RootOf("index")!)];
        return item.Concat(Results.Select(static r => (r.Key, r.Value))).Concat(MembersOf(_posted));
    }

    private Json? MemberBelow(string name)
    {
        if (_step.With is { } with)
        {
            return with.TryGetValue(name, out var member) ? member.Find(ParsedRootOf) : null;
        }
        return _item is not null && name is "item" or "index" ? RootOf(name)
            : Results.GetValueOrDefault(name) ?? MemberOf(_posted, name);
    }

    private Json? RootOf(string root) => root switch
    {
        ValuePath.InputRoot => _posted,
        "item" when _item is not null => _item,
        "index" when _item is not null => Json.From(_index),
        _ => _roots.GetValueOrDefault(root),
    };

    private Json? ParsedRootOf(string root)
    {
        var value = RootOf(root)?.Here;
        _ = value?.Element;
        return value;
    }

    private static IEnumerable<(string Name, Json Value)> MembersOf(Json? value) =>
        value?.Here is { } here ? here.Element.EnumerateObject().Select(m => (m.Name, here.Part(m.Value))) : [];

    private static Json? MemberOf(Json? whole, string name)
    {
        if (whole?.Here is { } value)
        {
            foreach (var member in value.Element.EnumerateObject())
            {
                if (member.NameEquals(name))
                {
                    return value.Part(member.Value);
                }
            }
        }
        return null;
    }

    // With the step's own input laid over it.
    private Json Over(Json below, string name) => MemberOf(_step.Input, name) switch
    {
        null => below,
        { Element.ValueKind: JsonValueKind.Object } top when below.Element.ValueKind == JsonValueKind.Object =>
            Json.Build(writer => Merge(writer, below.Element, top.Element)),
        var top => top,
    };

    private static void Merge(Utf8JsonWriter writer, JsonElement below, JsonElement top)
    {
        if (below.ValueKind != JsonValueKind.Object || top.ValueKind != JsonValueKind.Object)
        {
            Json.Write(writer, top);
            return;
        }
        writer.WriteStartObject();
        foreach (var member in below.EnumerateObject())
        {
            writer.WritePropertyName(member.Name);
            if (top.TryGetProperty(member.Name, out var over))
            {
                Merge(writer, member.Value, over);
            }
            else
            {
                Json.Write(writer, member.Value);
            }
        }
        foreach (var member in top.EnumerateObject())
        {
            if (!below.TryGetProperty(member.Name, out _))
            {
                writer.WritePropertyName(member.Name);
                Json.Write(writer, member.Value);
            }
        }
        writer.WriteEndObject();
    }

    // Besides the needed steps, those that come before them.
    private static ImmutableDictionary<string, Json> RootsOf(
        RunState state, ImmutableSortedDictionary<string, InputMember> with, ImmutableDictionary<string, Json> results)
    {
        foreach (var root in with.Values.SelectMany(static m => m.Paths).Select(static p => p.Root))
        {
            if (state.Plan.TryIndexOf(root, out var index) && state.Steps[index].Output is { } output)
            {
                results = results.SetItem(root, output);
            }
        }
        return results;
    }

    private static ImmutableArray<Json> Items(RunState state, StepState step)
    {
        if (step.Items.IsDefault)
        {
            var list = step.Step.ForEach!.Find(state.Root)!.Here;
            step.Items = [.. list.Element.EnumerateArray().Select(list.Part)];
        }
        return step.Items;
    }
}
