using System.ComponentModel;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;

namespace AgentGrid.Core.Agents;

/// <summary>The JSON schemas of what a typed agent takes and returns, as its types have it.</summary>
/// <param name="Input">Null for an agent that is not typed, and for a type of which nothing can be said.</param>
/// <param name="Output">As <paramref name="Input"/>.</param>
/// <param name="IsClosed">What <paramref name="Input"/> does not name is not read.</param>
internal sealed record TypeSchemas(Json? Input, Json? Output, bool IsClosed)
{
    private static readonly ConditionalWeakTable<Type, TypeSchemas> s_known = [];

    private static readonly JsonSchemaExporterOptions s_options = new() { TransformSchemaNode = Describe };

    /// <param name="agent">The class of the agent.</param>
    public static TypeSchemas Of(Type agent) => s_known.GetValue(agent, static type => Read(type));

    private static TypeSchemas Read(Type agent)
    {
        for (var type = agent; type is not null; type = type.BaseType)
        {
            if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Agent<,>))
            {
                var types = type.GetGenericArguments();
                var input = SchemaOf(types[0]);
                return new TypeSchemas(
                    input, SchemaOf(types[1]),
                    input is not null && !InputContract.Options.GetTypeInfo(types[0]).Properties.Any(static p => p.IsExtensionData));
            }
        }
        return new TypeSchemas(null, null, false);
    }

    private static Json? SchemaOf(Type type)
    {
        JsonNode schema;
        try
        {
            schema = InputContract.Options.GetJsonSchemaAsNode(type, s_options);
        }
        catch (NotSupportedException)
        {
            return null; // nor can it be read; that is for the attempt to say
        }
        if (schema is not JsonObject { Count: > 0 } members)
        {
            return null;
        }
        // Of the whole nothing says whether it may be null, and it may not.
        if (members["type"] is JsonArray { Count: 2 } words && words.FirstOrDefault(w => (string?)w != "null") is { } word)
        {
            members["type"] = word.DeepClone();
        }
        return Json.Parse(members.ToJsonString());
    }

    private static JsonNode Describe(JsonSchemaExporterContext context, JsonNode schema)
    {
        // The exporter asks for every parameter that has no default, those that allow null among them.
        if (schema is JsonObject type && type["required"] is JsonArray names)
        {
            var mayLack = context.TypeInfo.Properties.Where(static p => !p.IsRequired).Select(static p => p.Name).ToHashSet();
            names.RemoveAll(n => n is not null && mayLack.Contains((string)n!));
            if (names.Count == 0)
            {
                type.Remove("required");
            }
        }
        var property = context.PropertyInfo;
        var text = DescriptionOf(property?.AttributeProvider) ?? DescriptionOf(property?.AssociatedParameter?.AttributeProvider);
        if (text is not null && schema is JsonObject members)
        {
            members["description"] = text;
        }
        return schema;
    }

    private static string? DescriptionOf(ICustomAttributeProvider? member) =>
        member?.GetCustomAttributes(typeof(DescriptionAttribute), inherit: true)
            .OfType<DescriptionAttribute>().FirstOrDefault()?.Description;
}
