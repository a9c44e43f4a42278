using System.Text.Json;
using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Chat;
using AgentGrid.Kinds.Tests.Http;
using AgentGrid.Kinds.Tests.Process;
using Microsoft.AspNetCore.Http;

namespace AgentGrid.Kinds.Tests.Chat;

/// <summary>An endpoint in this process that speaks as OpenAI's does, and answers as a test says.</summary>
internal static class FakeModel
{
    public const string Usage = """{"prompt_tokens":11,"completion_tokens":3,"total_tokens":14,"prompt_tokens_details":{"cached_tokens":5},"completion_tokens_details":{"reasoning_tokens":2}}""";

    /// <summary>An answer at once.</summary>
    public static RequestDelegate Says(string text, string finish = "stop", string refusal = "null") => FakeService.With(200, $$$"""
        {"id":"1","object":"chat.completion","created":1,"model":"served-1","choices":[{"index":0,"finish_reason":"{{{finish}}}",
        "message":{"role":"assistant","content":{{{JsonSerializer.Serialize(text)}}},"refusal":{{{refusal}}} } }],"usage":{{{Usage}}} }
        """);

    /// <summary>An answer in parts, then why it ends, then what it cost; and anything else in between.</summary>
    public static RequestDelegate Streams(params string[] parts) => Events([
        .. parts.Select(Part), """{"id":"1","created":1,"model":"served-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""",
        $$"""{"id":"1","created":1,"model":"served-1","choices":[],"usage":{{Usage}}}""", "[DONE]",
    ]);

    public static RequestDelegate Events(params string[] events) =>
        FakeService.With(200, string.Concat(events.Select(e => $"data: {e}\n\n")), "text/event-stream");

    public static string Part(string text) =>
        $$"""{"id":"1","object":"chat.completion.chunk","created":1,"model":"served-1","choices":[{"index":0,"delta":{"role":"assistant","content":{{JsonSerializer.Serialize(text)}}},"finish_reason":null}]}""";

    /// <summary>Wants tools to be called, in parts as these come; each with an id of its own.</summary>
    public static RequestDelegate Calls(params (string Name, string Arguments)[] calls) => Events([
        .. calls.SelectMany((call, i) => new[]
        {
            Delta($$"""{"role":"assistant","tool_calls":[{"index":{{i}},"id":"c{{i}}","type":"function","function":{"name":"{{call.Name}}","arguments":""} }]}"""),
            Delta($$"""{"tool_calls":[{"index":{{i}},"function":{"arguments":{{JsonSerializer.Serialize(call.Arguments)}} } }]}"""),
        }),
        """{"id":"1","created":1,"model":"served-1","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}""",
        $$"""{"id":"1","created":1,"model":"served-1","choices":[],"usage":{{Usage}}}""", "[DONE]",
    ]);

    private static string Delta(string delta) =>
        $$"""{"id":"1","object":"chat.completion.chunk","created":1,"model":"served-1","choices":[{"index":0,"delta":{{delta}},"finish_reason":null}]}""";

    /// <summary>An agent that asks it.</summary>
    public static IKindAgent Agent(this FakeService service, string keys = "stream: true", int maxOutputBytes = 100_000, TestLog? log = null) =>
        Agents.Of(new ChatKind(), $"kind: chat, model: m-1, endpoint: \"{service.Url}/v1\", {keys.ReplaceLineEndings(" ")}", maxOutputBytes, log);

    /// <summary>The body of the last request.</summary>
    public static JsonElement Asked(this FakeService service) => JsonElement.Parse(service.Requests.Last().Body);
}
