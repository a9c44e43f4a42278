using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace AgentGrid.Core.Agents;

/// <summary>Why a value cannot be read as a .NET type: every place that is wrong, and what there is.</summary>
internal sealed class InputMismatch
{
    public const int MostProblems = 5;
    private const int MostNames = 20;

    private const string Remedy =
        "Members of the input are what was posted, the outputs of the steps in 'needs' under their ids, and what the step's 'with' or 'input' " +
        "says.";

    private readonly List<string> _problems = [];
    private bool _lacksMembers;

    private InputMismatch()
    {
    }

    /// <summary>A sentence for each place, at most five.</summary>
    /// <param name="otherwise">What the reader itself said, for what is not found here.</param>
    public static ImmutableArray<string> Of(JsonElement value, JsonTypeInfo type, string? otherwise)
    {
        var mismatch = new InputMismatch();
        if (value.ValueKind == JsonValueKind.Null)
        {
            return ["It is null."];
        }
        mismatch.Look(value, type, "");
        var problems = mismatch._problems.Take(MostProblems).DefaultIfEmpty(otherwise ?? "It cannot be read.");
        return [.. mismatch._lacksMembers ? problems.Append(Remedy) : problems];
    }

    private void Look(JsonElement value, JsonTypeInfo type, string place)
    {
        if (_problems.Count >= MostProblems)
        {
            return;
        }
        switch (type.Kind, value.ValueKind)
        {
            case (JsonTypeInfoKind.Object, JsonValueKind.Object) when type.PolymorphismOptions is null:
                LookAtMembers(value, type, place);
                break;
            case (JsonTypeInfoKind.Enumerable, JsonValueKind.Array):
                var index = 0;
                foreach (var item in value.EnumerateArray())
                {
                    LookAtPart(item, type, string.Create(CultureInfo.InvariantCulture, $"{place}[{index++}]"));
                }
                break;
            case (JsonTypeInfoKind.Dictionary, JsonValueKind.Object):
                foreach (var member in value.EnumerateObject())
                {
                    LookAtPart(member.Value, type, Join(place, member.Name));
                }
                break;
            default:
                Try(value, type, place);
                break;
        }
    }

    private void LookAtPart(JsonElement part, JsonTypeInfo type, string place)
    {
        if (part.ValueKind != JsonValueKind.Null || IsValue(type.ElementType!))
        {
            Look(part, InputContract.Options.GetTypeInfo(type.ElementType!), place);
        }
    }

    private void LookAtMembers(JsonElement value, JsonTypeInfo type, string place)
    {
        foreach (var property in type.Properties.Where(static p => p.Set is not null || p.AssociatedParameter is not null))
        {
            var at = Join(place, property.Name);
            var isThere = value.TryGetProperty(property.Name, out var member);
            if (!isThere && property.IsRequired)
            {
                _lacksMembers |= place.Length == 0;
                _problems.Add(
                    $"'{at}' ({TypeText.Of(property.PropertyType)}) is missing: {Has(value, place.Length == 0 ? "the input" : $"'{place}'")}.");
            }
            else if (isThere && member.ValueKind == JsonValueKind.Null)
            {
                LookAtNull(member, property, at);
            }
            else if (isThere && property.CustomConverter is null)
            {
                Look(member, InputContract.Options.GetTypeInfo(property.PropertyType), at);
            }
        }
    }

    private void LookAtNull(JsonElement member, JsonPropertyInfo property, string place)
    {
        if (IsValue(property.PropertyType))
        {
            Try(member, InputContract.Options.GetTypeInfo(property.PropertyType), place);
        }
        else if (!(property.AssociatedParameter?.IsNullable ?? property.IsSetNullable))
        {
            _problems.Add($"'{place}' is null, expected {TypeText.Of(property.PropertyType)}.");
        }
    }

    private void Try(JsonElement value, JsonTypeInfo type, string place)
    {
        try
        {
            value.Deserialize(type);
        }
        catch (JsonException)
        {
            var name = place.Length == 0 ? "It" : $"'{place}'";
            _problems.Add($"{name} is {What(value)}, expected {TypeText.Of(type.Type)}.");
        }
    }

    private static string What(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        _ => Names.Shorten(value.GetRawText()),
    };

    private static bool IsValue(Type type) => type.IsValueType && Nullable.GetUnderlyingType(type) is null;

    private static string Join(string place, string name) => place.Length == 0 ? name : $"{place}.{name}";

    /// <summary><c>the input has: text, lang</c></summary>
    public static string Has(JsonElement value, string who)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            return $"{who} is {What(value)}";
        }
        var names = value.EnumerateObject().Select(static m => Names.Shorten(m.Name)).ToArray();
        return names.Length == 0 ? $"{who} has no members"
            : $"{who} has: {string.Join(", ", names.Take(MostNames))}{(names.Length > MostNames ? ", ..." : "")}";
    }
}
