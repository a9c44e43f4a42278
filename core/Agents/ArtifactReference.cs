using System.Diagnostics.CodeAnalysis;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AgentGrid.Core.Agents;

/// <summary>
/// Stands for bytes that an attempt of the same run has written, in any JSON:
/// <c>{"$artifact": {"name": ..., "media_type": ..., "bytes": ..., "sha256": ...}}</c>. Whoever has it can find the bytes in its own
/// run, and in no other.
/// </summary>
/// <param name="Name">What its writer calls it: by the rule of <see cref="Names"/>.</param>
/// <param name="MediaType">What the bytes are, as HTTP names it: <c>image/png</c>.</param>
/// <param name="Bytes">How many there are.</param>
/// <param name="Sha256">Their SHA-256, in 64 lower-case hexadecimal digits.</param>
[JsonConverter(typeof(ArtifactReferenceConverter))]
public sealed record ArtifactReference(string Name, string MediaType, long Bytes, string Sha256)
{
    /// <summary>The one member of an object that is a reference.</summary>
    public const string Member = "$artifact";

    private const int LongestMediaType = 200;

    private static ReadOnlySpan<byte> Mark => "\"$artifact\""u8;

    /// <summary>Reads a reference; null when it is none.</summary>
    public static ArtifactReference? From(JsonElement element)
    {
        if (Inside(element) is not { } inside)
        {
            return null;
        }
        return Text(inside, "name") is { } name && Names.IsValid(name)
            && Text(inside, "media_type") is { } type && IsMediaType(type)
            && inside.TryGetProperty("bytes", out var size) && size.ValueKind == JsonValueKind.Number
            && size.TryGetInt64(out var bytes) && bytes >= 0
            && Text(inside, "sha256") is { } hash && IsSha256(hash)
            ? new ArtifactReference(name, type, bytes, hash)
            : null;
    }

    /// <summary>All references in a value, each as often as it is there.</summary>
    public static IEnumerable<ArtifactReference> In(Json value) => MayBeIn(value) ? In(value.Element) : [];

    /// <summary>Whether a value may have references: a look for one word in its text. Escaped, the word means nothing.</summary>
    public static bool MayBeIn(Json value) => value.Storage?.MayRefer ?? value.Utf8.Span.IndexOf(Mark) >= 0;

    /// <summary>What an object with the one member <see cref="Member"/> has there; null for all other values.</summary>
    internal static JsonElement? Inside(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object || element.GetPropertyCount() != 1)
        {
            return null;
        }
        var member = element.EnumerateObject().First();
        return member.NameEquals(Member) && member.Value.ValueKind == JsonValueKind.Object ? member.Value : null;
    }

    internal static string? Text(JsonElement element, string name)
    {
        try
        {
            return element.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null; // it is not Unicode
        }
    }

    public static bool IsSha256([NotNullWhen(true)] string? text) =>
        text is { Length: 64 } && text.AsSpan().IndexOfAnyExcept("0123456789abcdef") < 0;

    public static bool IsMediaType([NotNullWhen(true)] string? text) =>
        text is { Length: <= LongestMediaType } && text.All(static c => c is >= ' ' and <= '~')
        && MediaTypeHeaderValue.TryParse(text, out _);

    /// <summary>The same as JSON.</summary>
    public Json ToJson() => Json.From(this);

    internal void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteStartObject(Member);
        writer.WriteString("name", Name);
        writer.WriteString("media_type", MediaType);
        writer.WriteNumber("bytes", Bytes);
        writer.WriteString("sha256", Sha256);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static IEnumerable<ArtifactReference> In(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object when From(element) is { } reference => [reference],
        JsonValueKind.Object => element.EnumerateObject().SelectMany(static m => In(m.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(In),
        _ => [],
    };
}

/// <summary>A reference as JSON has it.</summary>
public sealed class ArtifactReferenceConverter : JsonConverter<ArtifactReference>
{
    public override ArtifactReference Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        ArtifactReference.From(JsonElement.ParseValue(ref reader)) ?? throw new JsonException("not a reference to an artifact");

    public override void Write(Utf8JsonWriter writer, ArtifactReference value, JsonSerializerOptions options) => value.WriteTo(writer);
}
