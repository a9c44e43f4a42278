using System.Text;
using System.Text.Json;
using AgentGrid.Api.Requests;
using AgentGrid.Core;

namespace AgentGrid.Api.A2a;

/// <summary>
/// What the parts of a message come to. One part is its value: data as they are, a text that is a JSON object as that, and
/// any other text as a string. Several parts are one object: the members of all that are objects, and the other texts, a line
/// each, as its member <c>text</c>.
/// </summary>
internal static class MessageContent
{
    private const string Text = "text";

    /// <summary>A <see cref="Json"/>; or an <see cref="RpcError"/>, where there are files; or null where the reader knows why.</summary>
    public static object? Read(JsonElement message, ParamReader read)
    {
        if (read.Array(message, "message.parts") is not { } parts || parts.GetArrayLength() == 0)
        {
            read.Refuse("message.parts", "At least one part is required.");
            return null;
        }
        var values = new List<Json>();
        foreach (var (i, part) in parts.EnumerateArray().Index())
        {
            var field = $"message.parts[{i}]";
            if (part.ValueKind == JsonValueKind.Object && (part.TryGetProperty("raw", out _) || part.TryGetProperty("url", out _)))
            {
                return new RpcError(RpcError.ContentTypeNotSupported,
                    $"{field} is a file; expected 'data', or 'text'. Give the place of a file as a member of the data.");
            }
            if (ValueOf(part, field, read) is { } value)
            {
                values.Add(value);
            }
        }
        return read.Violations.Count > 0 ? null : values.Count == 1 ? values[0] : Join(values, read);
    }

    /// <summary>As the input of a run: an object, or a text as its member.</summary>
    public static Json? AsInput(Json content) => content.Element.ValueKind switch
    {
        JsonValueKind.Object => content,
        JsonValueKind.String => Json.Build(json =>
        {
            json.WriteStartObject();
            json.WritePropertyName(Text);
            content.WriteTo(json);
            json.WriteEndObject();
        }),
        _ => null,
    };

    private static Json? ValueOf(JsonElement part, string field, ParamReader read)
    {
        if (part.ValueKind == JsonValueKind.Object)
        {
            if (part.TryGetProperty("data", out var data))
            {
                return Json.From(data);
            }
            if (part.TryGetProperty(Text, out var text) && text.ValueKind == JsonValueKind.String)
            {
                return OfText(text.GetString()!, read.Text(part, $"{field}.mediaType"), field, read);
            }
        }
        read.Refuse(field, "It must be an object with 'data', any JSON value, or with 'text', a string.");
        return null;
    }

    private static Json? OfText(string text, string? mediaType, string field, ParamReader read)
    {
        var isJson = mediaType is not null
            && (mediaType.StartsWith("application/json", StringComparison.OrdinalIgnoreCase)
                || mediaType.EndsWith("+json", StringComparison.OrdinalIgnoreCase));
        if (!isJson && !text.AsSpan().TrimStart().StartsWith("{"))
        {
            return Json.From(text);
        }
        var utf8 = Encoding.UTF8.GetBytes(text);
        if (StrictJson.Validate(utf8) is not { } problem)
        {
            return Json.Trusted(utf8);
        }
        if (isJson)
        {
            read.Refuse($"{field}.text", problem.Detail);
        }
        return Json.From(text);
    }

    private static Json? Join(List<Json> values, ParamReader read)
    {
        var members = new Dictionary<string, Json>(StringComparer.Ordinal);
        var lines = new List<string>();
        foreach (var (i, value) in values.Index())
        {
            if (value.Element.ValueKind == JsonValueKind.String)
            {
                lines.Add(value.Element.GetString()!);
                continue;
            }
            if (value.Element.ValueKind != JsonValueKind.Object)
            {
                read.Refuse($"message.parts[{i}].data", "It must be an object, where a message has several parts.");
                continue;
            }
            foreach (var member in value.Element.EnumerateObject())
            {
                if (!members.TryAdd(member.Name, Json.From(member.Value)))
                {
                    read.Refuse($"message.parts[{i}].data", $"'{Names.Shorten(member.Name)}' is there twice.");
                }
            }
        }
        if (lines.Count > 0 && !members.TryAdd(Text, Json.From(string.Join('\n', lines))))
        {
            read.Refuse("message.parts", $"There are texts, and the data also has a member '{Text}'.");
        }
        return Json.From(members);
    }
}
