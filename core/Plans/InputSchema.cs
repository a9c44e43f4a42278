using System.Collections.Immutable;
using System.Text.Json;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Plans;

/// <summary>
/// What the input of a plan's runs has to be. It is about what a request brings beside the key of the run:
/// <c>match_id</c> and <c>round</c> are always there, and have rules of their own.
/// </summary>
public sealed class InputSchema(ValueSchema schema)
{
    private const int MostProblems = 20;
    private static readonly string[] s_key = ["match_id", "round"];

    /// <summary>The schema as it is written.</summary>
    public Json Text => schema.Text;

    /// <summary>Why an input does not fit, with the places where; empty when it does. At most twenty.</summary>
    public ImmutableArray<(string Place, string Reason)> Problems(Json input) =>
        [.. schema.Problems(WithoutKey(input), "input").Take(MostProblems)];

    private static JsonElement WithoutKey(Json input) =>
        input.Element.ValueKind == JsonValueKind.Object && Array.Exists(s_key, name => input.Element.TryGetProperty(name, out _))
            ? Json.Build(writer =>
            {
                writer.WriteStartObject();
                foreach (var member in input.Element.EnumerateObject().Where(static m => !s_key.Contains(m.Name)))
                {
                    member.WriteTo(writer);
                }
                writer.WriteEndObject();
            }).Element
            : input.Element;
}
