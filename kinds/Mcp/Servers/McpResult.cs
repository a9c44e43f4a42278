using System.Text.Json;
using System.Text.Json.Nodes;
using AgentGrid.Core;

namespace AgentGrid.Kinds.Mcp.Servers;

/// <summary>What a tool has answered.</summary>
/// <param name="Output">
/// What is structured, if it has that; else its text, or the JSON that is in it; else all of its content.
/// </param>
/// <param name="Error">What it says of its failure; null when it has done its work.</param>
public sealed record McpResult(Json Output, string? Error)
{
    private const int LongestError = 1_500;

    internal static McpResult Of(JsonNode? result)
    {
        if (result is not JsonObject answer)
        {
            throw new FormatException("its result is not an object");
        }
        var content = answer["content"] as JsonArray ?? [];
        if (answer["isError"] is JsonValue flag && flag.GetValueKind() == JsonValueKind.True)
        {
            var said = string.Join('\n', content.Select(TextOf).OfType<string>());
            return new McpResult(Json.Null, Names.Shorten(said.Length > 0 ? said : "it does not say why", LongestError));
        }
        return new McpResult(OutputOf(answer, content), Error: null);
    }

    private static Json OutputOf(JsonObject answer, JsonArray content)
    {
        if (answer["structuredContent"] is { } structured)
        {
            return JsonOf(structured);
        }
        if (content.Count == 0)
        {
            return Json.Null;
        }
        var texts = content.Select(TextOf).OfType<string>().ToArray();
        if (texts.Length < content.Count)
        {
            return JsonOf(new JsonObject { ["content"] = content.DeepClone() });
        }
        if (texts is [var single])
        {
            var json = Json.Trusted(System.Text.Encoding.UTF8.GetBytes(single));
            if (json.Problem() is null)
            {
                return json;
            }
        }
        return Json.From(string.Join('\n', texts));
    }

    private static string? TextOf(JsonNode? block) =>
        block is JsonObject o && o["type"] is JsonValue type && type.TryGetValue(out string? name) && name == "text"
            && o["text"] is JsonValue text && text.TryGetValue(out string? value) ? value : null;

    private static Json JsonOf(JsonNode node) => Json.Build(writer => node.WriteTo(writer));
}
