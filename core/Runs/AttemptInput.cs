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
    /// </summary>
    public Json Compose() => Json.Build(writer =>
    {
        var overlay = _step.Input?.Element;
        var written = new HashSet<string>();
        writer.WriteStartObject();
        if (_step.With is { } with)
        {
            WriteMembers(writer, with, overlay, written);
        }
        else
        {
            WriteAll(writer, overlay, written);
        }
        if (overlay is { } rest)
        {
            foreach (var member in rest.EnumerateObject())
            {
                if (written.Add(member.Name))
                {
                    member.WriteTo(writer);
                }
            }
        }
        writer.WriteEndObject();
    });

    private void WriteMembers(
        Utf8JsonWriter writer, ImmutableSortedDictionary<string, InputMember> with, JsonElement? overlay,
        HashSet<string> written)
    {
        foreach (var (name, member) in with)
        {
            if (Overlaid(overlay, name))
            {
                Member(writer, name, Json.Build(w => member.Write(w, RootOf)).Element, overlay, written);
                continue;
            }
            written.Add(name);
            writer.WritePropertyName(name);
            member.Write(writer, RootOf);
        }
    }

    private void WriteAll(Utf8JsonWriter writer, JsonElement? overlay, HashSet<string> written)
    {
        if (_item is not null)
        {
            Member(writer, "item", _item.Element, overlay, written);
            if (written.Add("index") && !Overlaid(overlay, "index"))
            {
                writer.WriteNumber("index", _index);
            }
        }
        foreach (var (name, result) in Results)
        {
            Member(writer, name, result.Element, overlay, written);
        }
        foreach (var member in _posted.Element.EnumerateObject())
        {
            Member(writer, member.Name, member.Value, overlay, written);
        }
    }

    private JsonElement? RootOf(string root) => root switch
    {
        ValuePath.InputRoot => _posted.Element,
        "item" when _item is not null => _item.Element,
        "index" when _item is not null => JsonSerializer.SerializeToElement(_index),
        _ => _roots.GetValueOrDefault(root)?.Element,
    };

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

    private static bool Overlaid(JsonElement? overlay, string name) =>
        overlay is { } over && over.TryGetProperty(name, out _);

    private static void Member(
        Utf8JsonWriter writer, string name, JsonElement value, JsonElement? overlay, HashSet<string> written)
    {
        if (!written.Add(name))
        {
            return;
        }
        writer.WritePropertyName(name);
        if (overlay is { } over && over.TryGetProperty(name, out var top))
        {
            Merge(writer, value, top);
            return;
        }
        value.WriteTo(writer);
    }

    private static void Merge(Utf8JsonWriter writer, JsonElement below, JsonElement top)
    {
        if (below.ValueKind != JsonValueKind.Object || top.ValueKind != JsonValueKind.Object)
        {
            top.WriteTo(writer);
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
                member.Value.WriteTo(writer);
            }
        }
        foreach (var member in top.EnumerateObject())
        {
            if (!below.TryGetProperty(member.Name, out _))
            {
                member.WriteTo(writer);
            }
        }
        writer.WriteEndObject();
    }

    private static ImmutableArray<Json> Items(RunState state, StepState step)
    {
        if (step.Items.IsDefault)
        {
            var list = step.Step.ForEach!.Resolve(root => root == ValuePath.InputRoot
                ? state.Input.Element
                : state[root].Output?.Element);
            step.Items = [.. list!.Value.EnumerateArray().Select(Json.From)];
        }
        return step.Items;
    }
}
