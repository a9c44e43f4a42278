using System.Text;
using System.Text.Json;
using AgentGrid.Core;

namespace AgentGrid.Kinds.Http.Exchanges;

/// <summary>
/// What a service says of a failure, in whichever of the usual forms: problem details (RFC 9457), <c>{"error": {...}}</c>,
/// <c>{"error": "..."}</c>, <c>{"code", "message"}</c>, <c>{"detail": ...}</c>, or a text.
/// </summary>
/// <param name="Code">The service's own word for it; null when it has none that is a name.</param>
/// <param name="Message">For people; null when it says nothing.</param>
/// <param name="Retryable">Whether it says that trying again can help; null when it does not say.</param>
/// <param name="RetryAfter">When it can; null when it does not say.</param>
public sealed record ServiceError(string? Code, string? Message, bool? Retryable = null, TimeSpan? RetryAfter = null)
{
    private const int LongestText = 500;

    /// <summary>Reads a body, or as much of it as there is.</summary>
    public static ServiceError Read(ReadOnlySpan<byte> body)
    {
        try
        {
            return Read(JsonElement.Parse(body));
        }
        catch (JsonException)
        {
            var text = Text(Encoding.UTF8.GetString(body));
            // A page for browsers says nothing that its status does not say.
            return new ServiceError(null, text.StartsWith('<') ? null : text);
        }
    }

    /// <summary>Reads a value.</summary>
    public static ServiceError Read(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            return new ServiceError(null, Text(value));
        }
        if (value.TryGetProperty("error", out var error) && error.ValueKind is JsonValueKind.Object or JsonValueKind.String)
        {
            return error.ValueKind == JsonValueKind.Object ? Read(error) : new ServiceError(CodeOf(value), Text(error));
        }
        return new ServiceError(CodeOf(value), MessageOf(value), Flag(value, "retryable"), Seconds(value, "retry_after"));
    }

    private static string? CodeOf(JsonElement value)
    {
        if (Word(value, "code") is { } code)
        {
            return code;
        }
        // The type of problem details is an address, of which the last part is the word.
        var type = value.TryGetProperty("type", out var t) && t.ValueKind == JsonValueKind.String ? t.GetString()! : "";
        var last = type.TrimEnd('/')[(type.TrimEnd('/').LastIndexOfAny(['/', '#', ':']) + 1)..];
        return Names.IsValid(last) && last != "blank" ? last : null;
    }

    private static string? MessageOf(JsonElement value)
    {
        foreach (var key in (ReadOnlySpan<string>)["detail", "message", "title"])
        {
            if (value.TryGetProperty(key, out var text) && text.ValueKind != JsonValueKind.Null && Text(text) is { Length: > 0 } said)
            {
                return said;
            }
        }
        return null;
    }

    private static string? Word(JsonElement value, string key) =>
        value.TryGetProperty(key, out var word) && word.ValueKind == JsonValueKind.String && word.GetString() is { } text
            && Names.IsValid(text) ? text : null;

    private static bool? Flag(JsonElement value, string key) =>
        value.TryGetProperty(key, out var flag) && flag.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? flag.ValueKind == JsonValueKind.True
            : null;

    private static TimeSpan? Seconds(JsonElement value, string key) =>
        value.TryGetProperty(key, out var number) && number.ValueKind == JsonValueKind.Number
            && number.TryGetDouble(out var seconds) && seconds >= 0 && double.IsFinite(seconds)
            ? TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.FromDays(365).TotalSeconds))
            : null;

    private static string Text(JsonElement value) =>
        Text(value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText());

    private static string Text(string text) => Names.Shorten(
        string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)).Trim(), LongestText);
}
