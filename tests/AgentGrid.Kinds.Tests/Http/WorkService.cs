using System.Collections.Concurrent;
using System.Text.Json;
using AgentGrid.Kinds.Tests.Chat;
using AgentGrid.Kinds.Tests.Engines;
using AgentGrid.Kinds.Tests.Mcp;
using Microsoft.AspNetCore.Http;

namespace AgentGrid.Kinds.Tests.Http;

/// <summary>
/// A service that does what the <c>do</c> of its input says. Asked as a model is, it finds its input in the prompt, and
/// answers as models do; asked as a tool is, it finds it in the arguments.
/// </summary>
public sealed class WorkService : IAsyncLifetime
{
    private const int TooLarge = ServerFixture.MaxOutputBytes + 1;

    private FakeService _service = null!;

    /// <summary>Its address, without a path.</summary>
    public string Url => _service.Url;

    /// <summary>What was cancelled: the <c>mark</c> of its input.</summary>
    public ConcurrentQueue<string> Cancelled { get; } = new();

    public async ValueTask InitializeAsync() => _service = await FakeService.StartAsync(WorkAsync);

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    private async Task WorkAsync(HttpContext context)
    {
        switch (context.Request.Method)
        {
            case "DELETE":
                Cancelled.Enqueue(context.Request.Path.Value!.Split('/')[^1]);
                context.Response.StatusCode = 204;
                return;
            case "GET":
                await FakeService.With(202, """{"status":"running","progress":0.5}""")(context);
                return;
        }
        var isModel = context.Request.Path.Value!.EndsWith("/chat/completions", StringComparison.Ordinal);
        var body = JsonElement.Parse(SeenRequest.Of(context).Body);
        if (body.TryGetProperty("jsonrpc", out _))
        {
            await FakeTools.With(CallAsync)(context);
            return;
        }
        var input = isModel ? JsonElement.Parse(body.GetProperty("messages")[0].GetProperty("content").GetString()!) : body;
        var mark = input.TryGetProperty("mark", out var m) ? m.GetString()! : "";
        var wanted = input.TryGetProperty("do", out var what) ? what.GetString() : "";
        if (isModel && wanted == "call")
        {
            // What was called has answered, and that is the answer.
            var last = body.GetProperty("messages").EnumerateArray().Last();
            await (last.GetProperty("role").GetString() == "tool"
                ? Answer(isModel, last.GetProperty("content").GetString()!)
                : FakeModel.Calls((input.GetProperty("tool").GetString()!, input.GetProperty("arguments").GetRawText())))(context);
            return;
        }
        await (wanted switch
        {
            "progress" when !isModel => FakeService.With(
                200, "event: progress\ndata: {\"fraction\":0.5}\n\nevent: result\ndata: {\"done\":true}\n\n", "text/event-stream")(context),
            "wait" => WaitAsync(context, isModel ? $"data: {FakeModel.Part("h")}\n\n" : "event: progress\ndata: {\"fraction\":0.1}\n\n", mark),
            "job" => FakeService.With(202, "", null, ("Location", $"/jobs/{mark}"))(context),
            "die" => DieAsync(context),
            "large" => Answer(isModel, $"\"{new string('x', TooLarge)}\"")(context),
            "garbage" => FakeService.With(200, "{")(context),
            "overload" => Overload(context),
            _ => Answer(isModel, JsonSerializer.Serialize(new { path = context.Request.Path.Value, input }))(context),
        });
    }

    private Task CallAsync(HttpContext context, JsonElement call)
    {
        var input = call.GetProperty("params").GetProperty("arguments");
        var mark = input.TryGetProperty("mark", out var m) ? m.GetString()! : "";
        return (input.TryGetProperty("do", out var what) ? what.GetString() : "") switch
        {
            "progress" => FakeService.With(
                200, FakeTools.Progress(call, 1, 2) + FakeTools.End(call, new { done = true }), "text/event-stream")(context),
            "wait" => WaitAsync(context, FakeTools.Progress(call, 1, 10), mark),
            "die" => DieAsync(context),
            "large" => FakeTools.Text(call, new string('x', TooLarge))(context),
            "garbage" => FakeService.With(200, "{")(context),
            "overload" => Overload(context),
            _ => FakeTools.Structured(call, new { path = context.Request.Path.Value, input })(context),
        };
    }

    private static Task Overload(HttpContext context) => FakeService.With(
        503, """{"code":"overloaded","detail":"come back later","retry_after":0.7}""", "application/problem+json")(context);

    private static RequestDelegate Answer(bool isModel, string text) =>
        isModel ? FakeModel.Streams([.. text.Chunk(1 << 16).Select(c => new string(c))]) : FakeService.With(200, text);

    private async Task WaitAsync(HttpContext context, string progress, string mark)
    {
        var aborted = new TaskCompletionSource();
        context.RequestAborted.Register(aborted.SetResult);
        context.Response.ContentType = "text/event-stream";
        await context.Response.WriteAsync(progress);
        await context.Response.Body.FlushAsync();
        await aborted.Task;
        Cancelled.Enqueue(mark);
    }

    private static Task DieAsync(HttpContext context)
    {
        context.Abort();
        return Task.CompletedTask;
    }
}
