using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace AgentGrid.Client;

/// <summary>How values of .NET are written for the server, and read.</summary>
internal static class Wire
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        MaxDepth = 128,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static JsonNode? Node(object? value) => JsonSerializer.SerializeToNode(value, Options);

    public static string Milliseconds(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{Math.Round(time.TotalMilliseconds):0}ms");

    /// <summary>A part of a path, which is one name and leads nowhere else.</summary>
    public static string Segment(string name) => name is "" or "." or ".."
        ? throw new ArgumentException($"'{name}' is not a name.")
        : Uri.EscapeDataString(name);
}
