using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Plans;

/// <summary>Reads and writes <c>webhooks: [{url, on}]</c>, of plans and of requests.</summary>
public static class WebhookReader
{
    private const string Expected =
        "expected an address of http or https, without a user, a password and a '#': 'url: https://example.org/hooks/runs'";

    private static readonly string[] s_keys = ["url", "on"];

    private static readonly FrozenDictionary<string, WebhookEvent> s_events =
        Enum.GetValues<WebhookEvent>().ToFrozenDictionary(StepReader.WordOf, StringComparer.Ordinal);

    /// <summary>Reads the webhooks of a request, as they were posted.</summary>
    public static ImmutableArray<Webhook> ReadJson(Json webhooks, out ImmutableArray<ConfigProblem> problems)
    {
        var list = new ProblemList();
        var read = Read(JsonSource.Read(webhooks.Element, "webhooks", list), list);
        problems = list.ToImmutable();
        return read;
    }

    /// <summary>Reads a list of webhooks; what is none is left out, with a problem.</summary>
    internal static ImmutableArray<Webhook> Read(ConfigNode? node, ProblemList problems)
    {
        switch (node)
        {
            case null or ConfigNode.Scalar { Kind: ScalarKind.Null }:
                return [];
            case ConfigNode.Sequence { Items.Length: > Webhook.Most } many:
                problems.Add(
                    many.Place, ConfigCodes.OutOfRange,
                    $"'webhooks' has {many.Items.Length} entries; at most {Webhook.Most} are allowed.");
                return [];
            case ConfigNode.Sequence list:
                return [.. list.Items.Select(i => ReadOne(i, problems)).OfType<Webhook>()];
            default:
                problems.Add(
                    node.Place, ConfigCodes.WrongType, $"'webhooks' must be a list of {{url, on}}, not {node.Describe()}.");
                return [];
        }
    }

    internal static void Write(Utf8JsonWriter writer, ImmutableArray<Webhook> webhooks)
    {
        writer.WriteStartArray("webhooks");
        foreach (var webhook in webhooks)
        {
            writer.WriteStartObject();
            writer.WriteString("url", webhook.Url);
            if (!webhook.On.SequenceEqual(Webhook.Ends))
            {
                writer.WriteStartArray("on");
                foreach (var on in webhook.On)
                {
                    writer.WriteStringValue(StepReader.WordOf(on));
                }
                writer.WriteEndArray();
            }
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static Webhook? ReadOne(ConfigNode node, ProblemList problems)
    {
        var before = problems.Count;
        var reader = new MappingReader(node, problems, s_keys);
        var url = reader.Text("url");
        if (url is null && problems.Count == before)
        {
            problems.Add(node.Place, ConfigCodes.Missing, "a webhook needs 'url: https://...', where it is posted.");
        }
        if (url is not null && !IsAddress(url))
        {
            problems.Add(
                reader["url"]!.Place, ConfigCodes.BadAddress,
                $"{Expected}, of at most {Webhook.MaxUrlLength} characters.");
        }
        var on = reader.NameList("on", "what is told") is { } words ? ReadOn(words, reader, problems) : Webhook.Ends;
        return problems.Count == before ? new Webhook(url!, on) : null;
    }

    private static ImmutableArray<WebhookEvent> ReadOn(
        ImmutableArray<string> words, MappingReader reader, ProblemList problems)
    {
        foreach (var word in words.Where(w => !s_events.ContainsKey(w)))
        {
            problems.Add(
                reader["on"]!.Place, ConfigCodes.UnknownWord,
                $"'on' has '{Names.Shorten(word)}'{problems.Suggest(word, s_events.Keys)}");
        }
        if (words.IsEmpty)
        {
            problems.Add(
                reader["on"]!.Place, ConfigCodes.Missing,
                "'on' is empty: list the events to tell, or leave 'on' out for the three ends.");
        }
        return [.. words.Where(s_events.ContainsKey).Select(w => s_events[w]).Order()];
    }

    // Shown wherever the run is, so it must not have a password in it.
    private static bool IsAddress(string url) => url.Length <= Webhook.MaxUrlLength
        && Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme is ("http" or "https")
        && address.UserInfo.Length == 0 && address.Fragment.Length == 0 && address.Host.Length > 0;
}
