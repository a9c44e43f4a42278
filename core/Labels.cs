using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AgentGrid.Core;

/// <summary>Whom or what a run is for: names, and a text for each. At least one; equal by both. A run without any has null.</summary>
[JsonConverter(typeof(LabelsConverter))]
public sealed class Labels : IEquatable<Labels>
{
    /// <summary>How many a run can have.</summary>
    public const int Most = 16;

    /// <summary>How many characters a name can have.</summary>
    public const int LongestName = 63;

    /// <summary>How many UTF-16 units a text can have.</summary>
    public const int LongestText = 200;

    private Labels(ImmutableSortedDictionary<string, string> all) => All = all;

    /// <summary>By name, in ordinal order.</summary>
    public ImmutableSortedDictionary<string, string> All { get; }

    /// <summary>Of names and texts; null, and why, when one of them cannot be. Null for none.</summary>
    /// <param name="problem">A sentence for whoever wrote them; null when all can be.</param>
    public static Labels? Of(IEnumerable<KeyValuePair<string, string>> labels, out string? problem)
    {
        var all = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (name, text) in labels)
        {
            problem = Problem(name, text) ?? (all.TryAdd(name, text) ? null : $"The label '{name}' is there twice.");
            if (problem is not null)
            {
                return null;
            }
        }
        problem = TooMany(all.Count);
        return problem is null && all.Count > 0 ? new Labels(all.ToImmutable()) : null;
    }

    /// <inheritdoc cref="Of(IEnumerable{KeyValuePair{string, string}}, out string?)"/>
    /// <exception cref="ArgumentException">One of them cannot be; the message says why.</exception>
    public static Labels? Of(params IEnumerable<(string Name, string Text)> labels) =>
        Of(labels.Select(static l => KeyValuePair.Create(l.Name, l.Text)), out var problem) is var made && problem is null
            ? made
            : throw new ArgumentException(problem, nameof(labels));

    /// <summary>A label as it is searched for, <c>name:text</c>; the text may have colons. Null, and why, when it is none.</summary>
    public static KeyValuePair<string, string>? Parse(string text, char separator, out string? problem)
    {
        var at = text.IndexOf(separator, StringComparison.Ordinal);
        problem = at > 0 ? Problem(text[..at], text[(at + 1)..])
            : $"'{Names.Shorten(text)}' is not a label: expected its name and its text, such as team{separator}blue.";
        return problem is null ? KeyValuePair.Create(text[..at], text[(at + 1)..]) : null;
    }

    /// <summary>Those of a plan and those of a request together, which count where both have one of a name.</summary>
    /// <param name="problem">Why there are too many of them; null otherwise.</param>
    public static Labels? Merge(Labels? plan, Labels? request, out string? problem)
    {
        problem = null;
        if (plan is null || request is null)
        {
            return request ?? plan;
        }
        var all = plan.All.SetItems(request.All);
        problem = TooMany(all.Count);
        return problem is null ? new Labels(all) : null;
    }

    /// <summary>Whether all of these are here.</summary>
    public bool Include(Labels others) => others.All.All(o => All.TryGetValue(o.Key, out var text) && text == o.Value);

    public bool Equals(Labels? other) => other is not null && All.Count == other.All.Count && Include(other);

    public override bool Equals(object? obj) => Equals(obj as Labels);

    public override int GetHashCode() => All.Aggregate(0, static (hash, l) => HashCode.Combine(hash, l.Key, l.Value));

    public override string ToString() => string.Join(", ", All.Select(static l => $"{l.Key}:{l.Value}"));

    /// <summary>Why a label cannot be; null when it can.</summary>
    internal static string? Problem(string name, string text) =>
        name.Length is 0 or > LongestName || !name.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '_' or '.' or '-')
            ? $"'{Names.Shorten(name)}' is not the name of a label: expected 1 to {LongestName} of a-z, 0-9, '_', '.' and '-'."
        : text.Length is 0 or > LongestText ? $"The label '{name}' has {text.Length} characters; expected 1 to {LongestText}."
        : text.Any(char.IsControl) || !UnicodeText.IsValid(text)
            ? $"The label '{name}' has control characters or half of a surrogate pair; expected text."
        : null;

    private static string? TooMany(int count) =>
        count > Most ? $"There are {count} labels, those of the plan included; expected at most {Most}." : null;
}

/// <summary>Labels as a JSON object of texts.</summary>
public sealed class LabelsConverter : JsonConverter<Labels>
{
    public override Labels? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var labels = new List<KeyValuePair<string, string>>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            labels.Add(KeyValuePair.Create(name, reader.GetString() ?? ""));
        }
        var read = Labels.Of(labels, out var problem);
        return problem is null ? read : throw new JsonException(problem);
    }

    public override void Write(Utf8JsonWriter writer, Labels value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (var (name, text) in value.All)
        {
            writer.WriteString(name, text);
        }
        writer.WriteEndObject();
    }
}
