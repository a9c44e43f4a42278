using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace AgentGrid.Kinds.Tests.Http;

/// <summary>A service that does what the <c>do</c> of its input says.</summary>
public sealed class WorkService : IAsyncDisposable
{
    private FakeService _service = null!;

    /// <summary>Its address, without a path.</summary>
    public string Url => _service.Url;

    /// <summary>What was cancelled: the <c>mark</c> of its input.</summary>
    public ConcurrentQueue<string> Cancelled { get; } = new();

    public static async Task<WorkService> StartAsync()
    {
        var work = new WorkService();
        work._service = await FakeService.StartAsync(work.WorkAsync);
        return work;
    }

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    private async Task WorkAsync(HttpContext context)
    {
        if (context.Request.Method == "DELETE")
        {
            Cancelled.Enqueue(context.Request.Path.Value!.Split('/')[^1]);
            context.Response.StatusCode = 204;
            return;
        }
        if (context.Request.Method == "GET")
        {
            await FakeService.With(202, """{"status":"running","progress":0.5}""")(context);
            return;
        }
        // By now other requests may have come: its own is the one that is read again.
        var input = JsonElement.Parse(_service.Requests.Last(r => r.Headers["AgentGrid-Run"] == context.Request.Headers["AgentGrid-Run"]).Body);
        var mark = input.TryGetProperty("mark", out var m) ? m.GetString()! : "";
        var wanted = input.TryGetProperty("do", out var what) ? what.GetString() : "";
        await (wanted switch
        {
            "progress" => StreamAsync(context, "event: progress\ndata: {\"fraction\":0.5}\n\nevent: result\ndata: {\"done\":true}\n\n"),
            "wait" => WaitAsync(context, mark),
            "job" => FakeService.With(202, "", null, ("Location", $"/jobs/{mark}"))(context),
            "die" => DieAsync(context),
            "large" => FakeService.With(200, $"\"{new string('x', 17 << 20)}\"")(context),
            "garbage" => FakeService.With(200, "{")(context),
            "overload" => FakeService.With(503, """{"code":"overloaded","detail":"come back later","retry_after":0.7}""", "application/problem+json")(context),
            _ => FakeService.With(200, JsonSerializer.Serialize(new { path = context.Request.Path.Value, input }))(context),
        });
    }

    private static Task StreamAsync(HttpContext context, string events) =>
        FakeService.With(200, events, "text/event-stream")(context);

    private async Task WaitAsync(HttpContext context, string mark)
    {
        var aborted = new TaskCompletionSource();
        context.RequestAborted.Register(aborted.SetResult);
        context.Response.ContentType = "text/event-stream";
        await context.Response.WriteAsync("event: progress\ndata: {\"fraction\":0.1}\n\n");
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
