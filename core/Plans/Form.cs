using System.Collections.Immutable;
using System.Text.Json;

namespace AgentGrid.Core.Plans;

/// <summary>
/// What people fill in: the part of JSON Schema that a form can show, which is an object of single values. So every form
/// that a plan has can be drawn, and none can be costly to check.
/// </summary>
/// <param name="Fields">In the order in which they are shown.</param>
public sealed record Form(ImmutableArray<FormField> Fields)
{
    /// <summary>As a JSON Schema.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "object");
        writer.WriteStartObject("properties");
        foreach (var field in Fields)
        {
            writer.WritePropertyName(field.Name);
            field.WriteTo(writer);
        }
        writer.WriteEndObject();
        var required = Fields.Where(static f => f.Required).ToArray();
        if (required.Length > 0)
        {
            writer.WriteStartArray("required");
            Array.ForEach(required, f => writer.WriteStringValue(f.Name));
            writer.WriteEndArray();
        }
        writer.WriteBoolean("additionalProperties", false);
        writer.WriteEndObject();
    }

    /// <summary>Everything that is wrong with what somebody has filled in; empty when nothing is.</summary>
    /// <param name="values">A JSON object; undefined or null for one without members.</param>
    /// <param name="place">Where it stands, for messages.</param>
    /// <param name="complete">Whether what is required must be there.</param>
    public IEnumerable<string> Check(JsonElement values, string place, bool complete)
    {
        var isThere = values.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);
        if (isThere && values.ValueKind != JsonValueKind.Object)
        {
            return [$"{place}: expected an object, got {FormField.Describe(values)}"];
        }
        var problems = new List<string>();
        foreach (var member in isThere ? values.EnumerateObject().ToArray() : [])
        {
            if (Fields.FirstOrDefault(f => f.Name == member.Name) is not { } field)
            {
                problems.Add($"{place}.{Names.Shorten(member.Name)}: the form has no such field" + Hint(member.Name));
            }
            else if (field.Problem(member.Value) is { } problem)
            {
                problems.Add($"{place}.{field.Name}: {problem}");
            }
        }
        if (complete)
        {
            problems.AddRange(Fields
                .Where(f => f.Required && !(isThere && values.TryGetProperty(f.Name, out _)))
                .Select(f => $"{place}.{f.Name}: it is needed"));
        }
        return problems;
    }

    private string Hint(string name) => Names.Nearest(name, Fields.Select(static f => f.Name)) is { } near
        ? $", did you mean '{near}'?"
        : Fields.IsEmpty ? "" : $"; there are {string.Join(", ", Fields.Select(static f => f.Name))}";
}
