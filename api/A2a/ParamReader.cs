using System.Globalization;
using System.Text.Json;
using AgentGrid.Core;

namespace AgentGrid.Api.A2a;

/// <summary>
/// Reads members of a request, and gathers everything that is wrong with them. Null is as good as nothing, and members that
/// are not known are passed over, as A2A asks.
/// </summary>
internal sealed class ParamReader
{
    private const int MaxTextLength = 1_000;

    private readonly List<RpcViolation> _violations = [];

    public IReadOnlyList<RpcViolation> Violations => _violations;

    /// <summary>What is wrong; null when nothing is.</summary>
    public RpcError? Error => _violations.Count == 0 ? null : RpcError.Invalid(_violations);

    public void Refuse(string field, string description) => _violations.Add(new RpcViolation(field, description));

    public JsonElement? Object(JsonElement from, string field) => Member(from, field, "an object", JsonValueKind.Object);

    public JsonElement? Array(JsonElement from, string field) => Member(from, field, "an array", JsonValueKind.Array);

    public bool Flag(JsonElement from, string field) =>
        Member(from, field, "true or false", JsonValueKind.True, JsonValueKind.False)?.ValueKind == JsonValueKind.True;

    public string? Text(JsonElement from, string field)
    {
        if (Member(from, field, "a string", JsonValueKind.String)?.GetString() is not { Length: > 0 } text)
        {
            return null;
        }
        if (text.Length > MaxTextLength)
        {
            Refuse(field, $"It has {text.Length} characters; at most {MaxTextLength} are allowed.");
            return null;
        }
        return text;
    }

    public string Needed(JsonElement from, string field)
    {
        var before = _violations.Count;
        var text = Text(from, field);
        if (text is null && _violations.Count == before)
        {
            Refuse(field, "It is required, and must not be empty.");
        }
        return text ?? "";
    }

    public int? Int(JsonElement from, string field, int least, int most)
    {
        if (Member(from, field, "a whole number", JsonValueKind.Number) is not { } number)
        {
            return null;
        }
        if (number.TryGetInt32(out var value) && value >= least && value <= most)
        {
            return value;
        }
        Refuse(field, $"It is {Names.Shorten(number.GetRawText())}; expected a whole number from {least} to {most}.");
        return null;
    }

    public DateTimeOffset? Time(JsonElement from, string field)
    {
        if (Text(from, field) is not { } text)
        {
            return null;
        }
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
        {
            return time;
        }
        Refuse(field, $"It is '{Names.Shorten(text)}'; expected a time such as 2026-10-27T10:00:00Z.");
        return null;
    }

    // The field is the place in the request, and its last part the name.
    private JsonElement? Member(JsonElement from, string field, string expected, params ReadOnlySpan<JsonValueKind> kinds)
    {
        var name = field[(field.LastIndexOf('.') + 1)..];
        if (!from.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }
        if (kinds.Contains(value.ValueKind))
        {
            return value;
        }
        Refuse(field, $"It must be {expected}.");
        return null;
    }
}
