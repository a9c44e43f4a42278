using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using AgentGrid.Api.Hosting;
using AgentGrid.Api.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AgentGrid.ClientApi.Tests.A2a;

/// <summary>Tests that share a server.</summary>
[CollectionDefinition(nameof(A2aCollection))]
public sealed class A2aCollection : ICollectionFixture<A2aServer>;

/// <summary>The whole server over the embedded engine, for clients of the Agent2Agent protocol.</summary>
public sealed class A2aServer : IAsyncLifetime
{
    public const string Reader = "reader-key";
    public const string Poster = "poster-key";
    public const string Both = "both-key";

    private const string Plans = """
        default: echoes
        plans:
          echoes: { description: Says it again., steps: { a: { capability: echo, with: { it: input } } }, result: { said: a.it } }
          strict:
            input_schema: { required: [n], properties: { n: { type: integer } }, examples: [{ n: 1 }] }
            steps: { a: { agent: echo } }
          failing: { steps: { a: { agent: delay } } }
          slow: { steps: { a: { agent: delay, input: { ms: 600000 } } } }
          reviewed:
            steps:
              first: { approve: { title: "Shall it go out?" } }
              second: { needs: [first], approve: { title: "Really?" } }
          paid: { steps: { pay: { wait: { signal: payment } } }, result: { paid: pay } }
          two: { steps: { left: { approve: { title: "Left?" } }, right: { approve: { title: "Right?" } } } }
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-a2a-");
    private WebApplication _app = null!;
    private int _ids;

    public HttpClient Http { get; private set; } = null!;
    internal LogLines Log { get; } = new(LogLevel.Error);

    public async ValueTask InitializeAsync()
    {
        var plans = _folder.CreateSubdirectory("config/plans");
        await File.WriteAllTextAsync(Path.Combine(plans.FullName, "plans.yaml"), Plans);
        await File.WriteAllTextAsync(
            Path.Combine(_folder.FullName, "config/agents.yaml"),
            "agents: { echo: { capabilities: [echo] }, delay: { capabilities: [delay] } }");
        var line = (CommandLine.Serve)ServerProgram.Parse([
            "--urls", "http://127.0.0.1:0", "--data", Path.Combine(_folder.FullName, "data"),
            "--config", Path.Combine(_folder.FullName, "config"), "--AgentGrid:Synchronous", "Normal",
            "--AgentGrid:DrainTimeout", "00:00:00.1", "--AgentGrid:MaxBodyBytes", "200000",
            "--AgentGrid:ApiKeys:0:Name=reader", $"--AgentGrid:ApiKeys:0:Hash={KeyHash.Of(Reader)}", "--AgentGrid:ApiKeys:0:Scopes:0=read",
            "--AgentGrid:ApiKeys:1:Name=poster", $"--AgentGrid:ApiKeys:1:Hash={KeyHash.Of(Poster)}", "--AgentGrid:ApiKeys:1:Scopes:0=submit",
            "--AgentGrid:ApiKeys:2:Name=both", $"--AgentGrid:ApiKeys:2:Hash={KeyHash.Of(Both)}"]);
        _app = ServerProgram.Build(line, builder =>
        {
            builder.AddEngine();
            builder.Logging.ClearProviders().AddProvider(Log);
        });
        await _app.StartAsync();
        var address = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Http = new HttpClient { BaseAddress = new Uri(address), Timeout = TimeSpan.FromMinutes(1) };
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    /// <summary>An id that no other test has.</summary>
    public string NewId(string what = "m") => $"{what}-{Interlocked.Increment(ref _ids)}";

    /// <summary>The parameters of a message.</summary>
    public static object Message(
        string id, object? data = null, string? skill = null, string? task = null, string? context = null, bool now = false,
        string? step = null, object[]? parts = null) => new
        {
            message = new
            {
                messageId = id,
                contextId = context,
                taskId = task,
                role = "ROLE_USER",
                parts = parts ?? [new { data = data ?? new { } }],
                metadata = new { skillId = skill, step },
            },
            configuration = new { returnImmediately = now },
        };

    public async Task<JsonElement> ResultAsync(string method, object values, string key = Both)
    {
        var answer = await CallAsync(method, values, key);
        return answer.TryGetProperty("result", out var result) ? result : throw new InvalidOperationException(answer.GetRawText());
    }

    public async Task<JsonElement> ErrorAsync(string method, object values, string key = Both) =>
        (await CallAsync(method, values, key)).GetProperty("error");

    public async Task<JsonElement> CallAsync(string method, object values, string key = Both)
    {
        using var response = await PostAsync(JsonSerializer.Serialize(new { jsonrpc = "2.0", id = 7, method, @params = values }), key);
        var answer = await response.JsonAsync();
        Assert.Equal(7, answer.GetProperty("id").GetInt32());
        return answer;
    }

    public async Task<HttpResponseMessage> PostAsync(
        string body, string? key = Both, string? version = "1.0",
        HttpCompletionOption until = HttpCompletionOption.ResponseContentRead)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/a2a")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        if (version is not null)
        {
            request.Headers.Add("A2A-Version", version);
        }
        if (key is not null)
        {
            request.Headers.Add("X-Api-Key", key);
        }
        return await Http.SendAsync(request, until);
    }

    /// <summary>A stream that has begun: its first answer has come.</summary>
    internal async Task<A2aStream> StreamAsync(string method, object values)
    {
        var body = JsonSerializer.Serialize(new { jsonrpc = "2.0", id = 7, method, @params = values });
        var response = await PostAsync(body, until: HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        var stream = new A2aStream(response, SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync());
        await stream.NextAsync();
        return stream;
    }
}

/// <summary>The answers of a stream.</summary>
internal sealed class A2aStream(HttpResponseMessage response, IAsyncEnumerable<SseItem<string>> items) : IAsyncDisposable
{
    private readonly IAsyncEnumerator<SseItem<string>> _items = items.GetAsyncEnumerator();

    public List<JsonElement> Results { get; } = [];

    public JsonElement Task => Results[0].GetProperty("task");

    /// <summary>False at its end.</summary>
    public async Task<bool> NextAsync()
    {
        if (!await _items.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(1)))
        {
            return false;
        }
        Results.Add(JsonElement.Parse(_items.Current.Data).GetProperty("result"));
        return true;
    }

    public async Task<List<JsonElement>> ToEndAsync()
    {
        while (await NextAsync())
        {
        }
        return Results;
    }

    public async Task UntilAsync(string stage)
    {
        while (!Results.Any(r => r.TryGetProperty("statusUpdate", out var update)
            && update.GetProperty("metadata").GetProperty("event").Text("stage") == stage))
        {
            Assert.True(await NextAsync(), $"the stream ended without {stage}");
        }
    }

    public static string StateOf(JsonElement task) => task.GetProperty("status").Text("state");

    public async ValueTask DisposeAsync()
    {
        await _items.DisposeAsync();
        response.Dispose();
    }
}
