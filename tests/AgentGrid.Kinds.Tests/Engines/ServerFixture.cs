using System.Collections.Concurrent;
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

    /// <summary>The server has this configuration; agents of the one before may still answer until its own are ready.</summary>
    /// <returns>False when it had that before.</returns>
    public async Task<bool> UseAsync(string agents)
    {
        if (_server is null or { HasExited: true })
        {
            Configure(agents);
            await StartAsync();
            return true;
        }
        var before = await LoadedAtAsync();
        if (!Configure(agents))
        {
            return false;
        }
        await Limits.UntilAsync(async () => await LoadedAtAsync() != before, () => "the server has not read its configuration");
        return true;
    }

    private async Task<string?> LoadedAtAsync() =>
        (await GetAsync("health")).GetProperty("config").GetProperty("loaded_at").GetString();

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

    /// <summary>Does something while runs of an agent go on, of which every one completes.</summary>
    /// <param name="look">What is looked at in their outputs.</param>
    /// <param name="act">What is done. It is given what waits until something was seen.</param>
    /// <returns>All that was seen.</returns>
    public async Task<IReadOnlyList<string>> UnderLoadAsync(
        string agent, object input, Func<JsonElement, string> look, Func<Func<string, Task>, Task> act)
    {
        using var over = new CancellationTokenSource();
        var seen = new ConcurrentDictionary<string, bool>();
        async Task LoadAsync()
        {
            while (!over.IsCancellationRequested)
            {
                var run = await RunAsync(agent, input);
                Assert.Equal("completed", run.GetProperty("status").GetString());
                seen[look(run.GetProperty("steps")[0].GetProperty("output"))] = true;
            }
        }
        var load = Enumerable.Range(0, 2).Select(_ => LoadAsync()).ToArray();
        await act(what => Limits.UntilAsync(
            () => seen.ContainsKey(what) || load.Any(l => l.IsFaulted), () => $"'{what}' was never seen"));
        await over.CancelAsync();
        await Task.WhenAll(load);
        return [.. seen.Keys.Order(StringComparer.Ordinal)];
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

/// <summary>Tests that share one server, one after another.</summary>
[CollectionDefinition(nameof(EmbeddedServer))]
public sealed class EmbeddedServerTests : ICollectionFixture<EmbeddedServer>;

/// <inheritdoc cref="EmbeddedServerTests"/>
[CollectionDefinition(nameof(ClusterServer))]
public sealed class ClusterServerTests : ICollectionFixture<ClusterServer>;

/// <summary>The agents of these tests.</summary>
internal static class TestConfig
{
    private static readonly string s_programs = Path.Combine(AppContext.BaseDirectory, "Programs");
    private static readonly string s_python = Path.Combine(AppContext.BaseDirectory, "python");

    public static readonly string Agents = $$"""
        agents:
        {{Python("work", "work")}}
        {{Python("edited", "told", "VERSION: one")}}
        """;

    public static string Python(string name, string agent, string env = "NONE: none") =>
        $"  {name}: {{ kind: process, command: [python3, -m, agentgrid.worker, \"agents:{agent}\"], processes: 2, " +
        $"working_directory: \"{s_programs}\", env: {{ PYTHONPATH: \"{s_python}\", {env} }} }}";
}
