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
    private readonly Json? _overlay;
    private readonly Json? _item;
    private readonly int _index;

    private AttemptInput(Json posted, ImmutableDictionary<string, Json> results, Json? overlay, Json? item, int index)
    {
        _posted = posted;
        Results = results;
        _overlay = overlay;
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
        return new AttemptInput(state.Input, results, step.Step.Input, item, attempt.Branch);
    }

    /// <summary>
    /// What was posted, the results by step id, <c>item</c> and <c>index</c>, and the step's own input over all that;
    /// later ones replace earlier ones of the same name, and objects in the step's input are merged.
    /// </summary>
    public Json Compose() => Json.Build(writer =>
    {
        var overlay = _overlay?.Element;
        var written = new HashSet<string>();
        writer.WriteStartObject();
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
