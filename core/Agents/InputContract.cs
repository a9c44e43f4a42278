using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace AgentGrid.Core.Agents;

/// <summary>
/// How inputs of agents are read as .NET types: with <see cref="Json.Options"/>, and strictly. What a type says of its
/// members holds: <c>required</c>, parameters of its constructor that have no default, and types that are not nullable.
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
        var problems = InputMismatch.Of(input.Element, Options.GetTypeInfo(typeof(T)), cause?.Message);
        throw new AgentException(
            "bad_input",
            $"Agent '{invocation.Agent}', step '{invocation.Step}': the input does not fit {TypeText.Of(typeof(T))}. {string.Join(' ', problems)}",
            retryable: false, cause);
    }

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
