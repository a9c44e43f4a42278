using System.Text.Json;
using System.Text.Json.Nodes;
using AgentGrid.Kinds.Tests.Http;
using Microsoft.AspNetCore.Http;

namespace AgentGrid.Kinds.Tests.Mcp;

/// <summary>What a server of the Model Context Protocol answers, of the version before the newest, without the library.</summary>
internal static class FakeTools
{
    /// <summary>Answers what is asked before and beside calls; a call is the affair of a test.</summary>
    public static RequestDelegate With(Func<HttpContext, JsonElement, Task> call, string tool = "work") => context =>
    {
        if (context.Request.Method != "POST")
        {
            return FakeService.With(405)(context);
        }
        var message = JsonElement.Parse(SeenRequest.Of(context).Body);
        return message.GetProperty("method").GetString() switch
        {
            "initialize" => Result(message, new
            {
                protocolVersion = message.GetProperty("params").GetProperty("protocolVersion").GetString(),
                capabilities = new { tools = new { } },
                serverInfo = new { name = "tools", version = "1" },
            })(context),
            "tools/list" => Result(message, new
            {
                tools = new[] { new { name = tool, description = "Does what it is told.", inputSchema = new { type = "object" } } },
            })(context),
            "tools/call" => call(context, message),
            var method when message.TryGetProperty("id", out _) => Error(message, -32601, $"There is no {method}.")(context),
            _ => FakeService.With(202, "", null)(context),
        };
    };

    public static RequestDelegate Result(JsonElement request, object result) =>
        FakeService.With(200, JsonSerializer.Serialize(new { jsonrpc = "2.0", id = request.GetProperty("id"), result }));

    public static RequestDelegate Text(JsonElement request, params string[] texts) =>
        Result(request, new { content = texts.Select(text => new { type = "text", text }) });

    public static RequestDelegate Structured(JsonElement request, object value) =>
        Result(request, new { content = new[] { new { type = "text", text = JsonSerializer.Serialize(value) } }, structuredContent = value });

    public static RequestDelegate Error(JsonElement request, int code, string message, object? data = null) => FakeService.With(
        200, JsonSerializer.Serialize(new { jsonrpc = "2.0", id = request.GetProperty("id"), error = new { code, message, data } }));

    /// <summary>An event of a stream that says how far a call is.</summary>
    public static string Progress(JsonElement request, double progress, double? total = null, string? message = null) => Event(new JsonObject
    {
        ["jsonrpc"] = "2.0",
        ["method"] = "notifications/progress",
        ["params"] = new JsonObject
        {
            ["progressToken"] = JsonNode.Parse(request.GetProperty("params").GetProperty("_meta").GetProperty("progressToken").GetRawText()),
            ["progress"] = progress,
            ["total"] = total,
            ["message"] = message,
        },
    });

    /// <summary>An event of a stream that ends it.</summary>
    public static string End(JsonElement request, object value) => Event(new JsonObject
    {
        ["jsonrpc"] = "2.0",
        ["id"] = JsonNode.Parse(request.GetProperty("id").GetRawText()),
        ["result"] = new JsonObject { ["content"] = new JsonArray(), ["structuredContent"] = JsonSerializer.SerializeToNode(value) },
    });

    private static string Event(JsonObject message) => $"event: message\ndata: {message.ToJsonString()}\n\n";
}
