using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;

namespace AgentGrid.Deploy.Tests;

/// <summary>Reads YAML as JSON; every scalar is a string.</summary>
internal static class Yaml
{
    /// <summary>The documents of a file of the repository, in their order.</summary>
    public static IReadOnlyList<JsonNode> Documents(string path) => Parse(Repository.Read(path.Split('/')));

    /// <summary>What is at a path such as <c>spec/template/metadata</c>; null when nothing is there.</summary>
    public static JsonNode? At(this JsonNode? node, string path) =>
        path.Split('/').Aggregate(node, (current, name) => (current as JsonObject)?[name]);

    /// <summary>The text at a path; it must be there.</summary>
    public static string Text(this JsonNode node, string path) => node.At(path) is JsonValue value
        ? value.GetValue<string>()
        : throw new InvalidOperationException($"There is no text at '{path}' in {node.ToJsonString()}.");

    /// <summary>The elements of a list at a path; none when it is not there.</summary>
    public static IEnumerable<JsonNode> Items(this JsonNode? node, string path) =>
        (node.At(path) as JsonArray ?? []).Select(item => item!);

    /// <summary>The texts of a list at a path.</summary>
    public static IEnumerable<string> Texts(this JsonNode? node, string path) =>
        node.Items(path).Select(item => item.GetValue<string>());

    /// <summary>Every object inside, however deep, that has a property of this name; its value.</summary>
    public static IEnumerable<JsonNode> All(this JsonNode? node, string name) => node switch
    {
        JsonObject o => o.SelectMany(p => p.Key == name && p.Value is { } value
            ? value.All(name).Prepend(value)
            : p.Value.All(name)),
        JsonArray a => a.SelectMany(item => item.All(name)),
        _ => [],
    };

    /// <summary>The documents of a text.</summary>
    public static IReadOnlyList<JsonNode> Parse(string text)
    {
        var parser = new MergingParser(new Parser(new StringReader(text)));
        var deserializer = new DeserializerBuilder().Build();
        var serializer = new SerializerBuilder().JsonCompatible().Build();
        var documents = new List<JsonNode>();
        parser.Consume<StreamStart>();
        while (parser.Accept<DocumentStart>(out _))
        {
            documents.Add(JsonNode.Parse(serializer.Serialize(deserializer.Deserialize(parser)))!);
        }
        return documents;
    }
}
