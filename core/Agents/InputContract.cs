using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Agents;

/// <summary>
/// How inputs of agents are read as .NET types: with <see cref="Json.Options"/>, and strictly. A type's rules for its
/// members apply: <c>required</c>, parameters of its constructor that have no default, and types that are not nullable.
/// </summary>
internal static class InputContract
{
    public static readonly JsonSerializerOptions Options = CreateOptions();

    /// <summary>Reads the input of an invocation.</summary>
    /// <exception cref="AgentException">It does not fit: <c>bad_input</c>, with every member that is wrong.</exception>
    public static T Read<T>(AgentInvocation invocation)
    {
        var input = invocation.Input;
        Exception? cause = null;
        try
        {
            if (JsonSerializer.Deserialize<T>(input.Utf8.Span, Options) is { } value)
            {
                return value;
            }
        }
        catch (JsonException e)
        {
            cause = e;
        }
        throw Refuse(
            invocation, TypeText.Of(typeof(T)),
            InputMismatch.Of(input.Element, Options.GetTypeInfo(typeof(T)), cause?.Message), cause);
    }

    /// <summary>Checks the input of an invocation against <c>agents.yaml</c>.</summary>
    /// <exception cref="AgentException">It does not fit: <c>bad_input</c>, with the places that are wrong.</exception>
    public static void Check(AgentInvocation invocation, ValueSchema schema)
    {
        var input = invocation.Input.Element;
        var problems = schema.Problems(input, "input").Take(InputMismatch.MostProblems)
            .Select(static p => $"{p.Place}: {p.Reason}.").ToList();
        if (problems.Count > 0)
        {
            problems.Add($"{InputMismatch.Has(input, "The input")}.");
            throw Refuse(invocation, "its input_schema", problems);
        }
    }

    private static AgentException Refuse(
        AgentInvocation invocation, string expected, IEnumerable<string> problems, Exception? cause = null) => new(
            "bad_input",
            $"Agent '{invocation.Agent}', step '{invocation.Step}': the input does not fit {expected}. {string.Join(' ', problems)}",
            retryable: false, cause);

    private static JsonSerializerOptions CreateOptions()
    {
        var options = new JsonSerializerOptions(Json.Options)
        {
            RespectNullableAnnotations = true,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { Require } },
        };
        options.MakeReadOnly();
        return options;
    }

    // RespectRequiredConstructorParameters would ask for 'string? note' too: who allows null does not mind its absence.
    private static void Require(JsonTypeInfo type)
    {
        foreach (var property in type.Properties)
        {
            property.IsRequired |= property.AssociatedParameter is { HasDefaultValue: false, IsNullable: false };
        }
    }
}
