using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Config;

/// <summary>Says in the words of the files what one configuration changes against another.</summary>
public static class ConfigDifferences
{
    /// <summary>How many digits the hash of a declaration has: as many as a plan's version.</summary>
    public const int HashLength = 12;

    private const int LongestText = 120;

    // No key in a file, which is why it is no name.
    private const string KeysOfKind = " kind";

    private static readonly JsonSerializerOptions s_words =
        new(Json.Options) { Converters = { new DurationConverter() } };

    /// <summary>The keys under which things stand by name, and what one such thing is called.</summary>
    private static readonly FrozenDictionary<string, string> s_named = new Dictionary<string, string>
    {
        ["agents"] = "agent",
        ["queues"] = "queue",
        ["plans"] = "plan",
        ["schedules"] = "schedule",
        ["steps"] = "step",
    }.ToFrozenDictionary();

    /// <summary>
    /// The keys under which people write what they like: it can be long, and it can be a secret, so that it is only
    /// said to have changed.
    /// </summary>
    private static readonly FrozenSet<string> s_free = FrozenSet.Create(
        "description", "input", "input_schema", "output_schema", "with", "when", "for_each", "result");

    /// <summary>
    /// The first differences, <c>agent 'perception' timeout 15s -> 30s</c>, and how many more there are; empty when
    /// both say the same. The inputs and conditions of steps are never quoted.
    /// </summary>
    /// <param name="most">At most this many.</param>
    public static ImmutableArray<string> Find(GridConfig before, GridConfig after, int most = 10)
    {
        var found = new List<string>();
        Compare(Members(Words(before)), Members(Words(after)), "", isFree: false, found);
        return found.Count <= most ? [.. found] : [.. found.Take(most), $"and {found.Count - most} more"];
    }

    /// <summary>The beginning of the SHA-256 of all that is said of an agent, <see cref="HashLength"/> hexadecimal digits.</summary>
    public static string HashOf(AgentConfig agent) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(WordsOf(agent))))[..HashLength];

    private static JsonElement Words(GridConfig config) => JsonSerializer.SerializeToElement(
        new
        {
            Agents = config.Agents.ToImmutableSortedDictionary(a => a.Key, a => WordsOf(a.Value), StringComparer.Ordinal),
            config.Queues,
            Default = config.DefaultPlan,
            Plans = config.Plans.ToImmutableSortedDictionary(p => p.Key, p => WordsOf(p.Value), StringComparer.Ordinal),
            config.Schedules,
        },
        s_words);

    // The keys of its kind stand beside the others in the file, and there can be anything in them.
    private static OrderedDictionary<string, JsonElement> WordsOf(AgentConfig agent)
    {
        var words = Members(JsonSerializer.SerializeToElement(agent with { Kind = null, ReadsType = false }, s_words));
        if (agent.Kind is { } kind)
        {
            words.Insert(0, "kind", JsonSerializer.SerializeToElement(kind.Name));
            words.Add(KeysOfKind, kind.Keys.Element);
        }
        return words;
    }

    private static OrderedDictionary<string, JsonElement> WordsOf(Plan plan)
    {
        var words = Members(plan.Definition.Element);
        words.Insert(0, "version", JsonSerializer.SerializeToElement(plan.Version));
        return words;
    }

    private static void Compare(
        OrderedDictionary<string, JsonElement> before, OrderedDictionary<string, JsonElement> after, string place,
        bool isFree, List<string> found)
    {
        foreach (var key in before.Keys.Union(after.Keys))
        {
            var (old, now) = (before.GetValueOrDefault(key), after.GetValueOrDefault(key));
            if (IsSame(old, now))
            {
                continue;
            }
            if (key == KeysOfKind)
            {
                Compare(Members(old), Members(now), place, isFree: true, found);
                continue;
            }
            var free = isFree || s_free.Contains(key);
            if (!free && s_named.TryGetValue(key, out var kind))
            {
                CompareNamed(Members(old), Members(now), $"{place}{kind}", found);
            }
            else if (old.ValueKind == JsonValueKind.Object && now.ValueKind == JsonValueKind.Object)
            {
                Compare(Members(old), Members(now), $"{place}{Names.Shorten(key)}.", free, found);
            }
            else
            {
                found.Add($"{place}{Names.Shorten(key)} {(free ? "changed" : Change(Text(old), Text(now)))}");
            }
        }
    }

    private static void CompareNamed(
        OrderedDictionary<string, JsonElement> before, OrderedDictionary<string, JsonElement> after, string kind,
        List<string> found)
    {
        foreach (var name in before.Keys.Union(after.Keys))
        {
            if (!after.TryGetValue(name, out var now))
            {
                found.Add($"{kind} '{name}' removed");
            }
            else if (!before.TryGetValue(name, out var old))
            {
                found.Add($"{kind} '{name}' added");
            }
            else
            {
                Compare(Members(old), Members(now), $"{kind} '{name}' ", isFree: false, found);
            }
        }
    }

    private static OrderedDictionary<string, JsonElement> Members(JsonElement value) =>
        value.ValueKind == JsonValueKind.Object
            ? new(value.EnumerateObject().Select(m => KeyValuePair.Create(m.Name, m.Value)))
            : [];

    private static bool IsSame(JsonElement left, JsonElement right) => left.ValueKind == right.ValueKind
        && (left.ValueKind == JsonValueKind.Undefined
            || JsonMarshal.GetRawUtf8Value(left).SequenceEqual(JsonMarshal.GetRawUtf8Value(right)));

    private static string Change(string before, string after)
    {
        var (old, now) = (Names.Shorten(before, LongestText), Names.Shorten(after, LongestText));
        return old == now ? "changed" : $"{old} -> {now}";
    }

    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Undefined => "unset",
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Array => $"[{string.Join(", ", value.EnumerateArray().Select(Text))}]",
        JsonValueKind.Object =>
            $"{{{string.Join(", ", value.EnumerateObject().Select(m => $"{m.Name}: {Text(m.Value)}"))}}}",
        _ => value.GetRawText(),
    };

    private sealed class DurationConverter : JsonConverter<TimeSpan>
    {
        public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException("The words are only compared.");

        public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) =>
            writer.WriteStringValue(DurationText.Format(value));
    }
}
