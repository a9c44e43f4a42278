using System.Text.Json;
using AgentGrid.TestKit;

namespace AgentGrid.Kinds.Tests.Engines;

/// <summary>The real server, with agents of kinds in its configuration.</summary>
public abstract class ServerFixture : IAsyncLifetime
{
    public const int MaxOutputBytes = 1 << 20;

    private static int s_rounds;
    private readonly Scratch _folder = new();
    private GridProcess? _server;
    private (string Agents, string Plans) _configured;

    public GridProcess Server => _server ?? throw new InvalidOperationException("The server was not started.");

    public string Folder => _folder.Folder;

    public virtual ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public virtual async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <returns>False when that is the configuration already.</returns>
    public bool Configure(string agents, string plans = "plans: {}\n")
    {
        if (_configured == (agents, plans))
        {
            return false;
        }
        _configured = (agents, plans);
        _folder.Write("config/agents.yaml", agents);
        _folder.Write("config/plans/p.yaml", plans);
        return true;
    }

    /// <summary>The server has this configuration, which it may still have to read when it runs already.</summary>
    /// <returns>False when it had that before.</returns>
    public async Task<bool> UseAsync(string agents)
    {
        if (!Configure(agents))
        {
            return false;
        }
        if (_server is null)
        {
            await StartAsync();
        }
        return true;
    }

    /// <summary>Starts the server, again when it runs.</summary>
    public async Task StartAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
        _server = Launch(Path.Combine(Folder, "config"), new Uri($"http://127.0.0.1:{FreePorts.Next()}"));
        await _server.ReadyAsync();
    }

    /// <summary>Runs one step on an agent, waits for the end, and returns all that is known of the run.</summary>
    public async Task<JsonElement> RunAsync(string agent, object input, object? retry = null, string? timeout = null)
    {
        var id = await PostAsync(Step(agent, input, retry, timeout));
        return await EndAsync(id);
    }

    public async Task<string> PostAsync(object plan)
    {
        var body = Json.From(new { match_id = "kinds", round = $"r{Interlocked.Increment(ref s_rounds)}", grid_snapshot = new { }, plan });
        using var content = new ByteArrayContent(body.Utf8.ToArray());
        content.Headers.ContentType = new("application/json");
        using var answer = await Server.Client.PostAsync("api/v1/orchestrate", content);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}: {text}");
        return JsonElement.Parse(text).GetProperty("run_id").GetString()!;
    }

    public async Task<JsonElement> EndAsync(string run)
    {
        JsonElement details = default;
        await Server.EventuallyAsync(
            async () =>
            {
                details = await GetAsync($"api/v1/runs/{run}");
                return details.GetProperty("status").GetString() is "completed" or "failed" or "cancelled";
            },
            "the run has not ended");
        return details;
    }

    public async Task<JsonElement> GetAsync(string path) =>
        JsonElement.Parse(await Server.Client.GetStringAsync(path));

    public Task SeenAsync(string run, string stage) => Server.EventuallyAsync(
        async () => (await GetAsync($"api/v1/runs/{run}/events")).GetProperty("events").EnumerateArray()
            .Any(e => e.GetProperty("stage").GetString() == stage),
        $"there was no {stage}");

    public static object Step(string agent, object input, object? retry = null, string? timeout = null) =>
        new { steps = new { a = new { agent, input, retry, timeout } } };

    protected abstract GridProcess Launch(string config, Uri url);
}

/// <summary>One process with the embedded engine.</summary>
public sealed class EmbeddedServer : ServerFixture
{
    protected override GridProcess Launch(string config, Uri url) => GridProcess.Launch(
        "client-api", Folder, ["--data", Path.Combine(Folder, "data"), "--config", config, "--AgentGrid:MaxOutputBytes", $"{MaxOutputBytes}"], url);
}

/// <summary>A cluster of one silo, with a Redis of its own.</summary>
public sealed class ClusterServer : ServerFixture
{
    private RedisServer? _redis;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _redis = await RedisServer.StartAsync("--appendonly", "yes");
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }
    }

    protected override GridProcess Launch(string config, Uri url) => GridProcess.Launch(
        "silo", Folder,
        [
            "--role", "all", "--redis", $"127.0.0.1:{_redis!.Port}", "--silo-port", $"{FreePorts.Next()}", "--gateway-port",
            $"{FreePorts.Next()}", "--config", config, "--AgentGrid:MaxOutputBytes", $"{MaxOutputBytes}",
        ],
        url);
}

/// <summary>The agents of these tests.</summary>
internal static class TestConfig
{
    private static readonly string s_programs = Path.Combine(AppContext.BaseDirectory, "Programs");
    private static readonly string s_python = Path.Combine(AppContext.BaseDirectory, "python");

    public static readonly string Agents = $$"""
        agents:
        {{Python("work", "work")}}
        {{Python("limited", "work")}}
        {{Python("edited", "told", "VERSION: one")}}
        """;

    public static string Python(string name, string agent, string env = "NONE: none") =>
        $"  {name}: {{ kind: process, command: [python3, -m, agentgrid.worker, \"agents:{agent}\"], processes: 2, " +
        $"working_directory: \"{s_programs}\", env: {{ PYTHONPATH: \"{s_python}\", {env} }} }}";
}
