using System.Collections.Immutable;
using System.Text.Json;

namespace AgentGrid.Core.Documents;

/// <summary>
/// A value of a document, with its place: the neutral form that YAML and JSON are both read into, so that there is
/// one reader of what they say.
/// </summary>
public abstract class ConfigNode
{
    private ConfigNode(ConfigPlace place) => Place = place;

    public ConfigPlace Place { get; }

    /// <summary>What it is, in the words of messages.</summary>
    public abstract string Describe();

    /// <summary>The value as canonical JSON: keys sorted, no white space.</summary>
    public abstract void WriteTo(Utf8JsonWriter writer);

    public Json ToJson() => Json.Build(WriteTo);

    public sealed class Mapping(ConfigPlace place, ImmutableArray<Entry> entries) : ConfigNode(place)
    {
        private readonly Dictionary<string, Entry> _byKey = entries.ToDictionary(e => e.Key, StringComparer.Ordinal);

        /// <summary>In the order of the document, without repeated keys.</summary>
        public ImmutableArray<Entry> Entries { get; } = entries;

        public ConfigNode? this[string key] => _byKey.GetValueOrDefault(key)?.Value;

        public override string Describe() => "a mapping";

        public override void WriteTo(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            foreach (var entry in Entries.OrderBy(e => e.Key, StringComparer.Ordinal))
            {
                writer.WritePropertyName(entry.Key);
                entry.Value.WriteTo(writer);
            }
            writer.WriteEndObject();
        }
    }

    /// <param name="Place">Where the key stands; the value has a place of its own.</param>
    public sealed record Entry(string Key, ConfigPlace Place, ConfigNode Value);

    public sealed class Sequence(ConfigPlace place, ImmutableArray<ConfigNode> items) : ConfigNode(place)
    {
        public ImmutableArray<ConfigNode> Items { get; } = items;

        public override string Describe() => "a list";

        public override void WriteTo(Utf8JsonWriter writer)
        {
            writer.WriteStartArray();
            foreach (var item in Items)
            {
                item.WriteTo(writer);
            }
            writer.WriteEndArray();
        }
    }

    /// <param name="text">A string's value; the JSON text of anything else.</param>
    public sealed class Scalar(ConfigPlace place, ScalarKind kind, string text) : ConfigNode(place)
    {
        public ScalarKind Kind { get; } = kind;
        public string Text { get; } = text;

        public override string Describe() => Kind switch
        {
            ScalarKind.Null => "nothing",
            ScalarKind.Text => $"the text '{Names.Shorten(Text)}'",
            ScalarKind.Number => $"the number {Names.Shorten(Text)}",
            _ => Text,
        };

        public override void WriteTo(Utf8JsonWriter writer)
        {
            if (Kind == ScalarKind.Text)
            {
                writer.WriteStringValue(Text);
            }
            else
            {
                writer.WriteRawValue(Text);
            }
        }
    }
}

/// <summary>What a scalar is.</summary>
public enum ScalarKind
{
    Null,
    Flag,
    Number,
    Text,
}
