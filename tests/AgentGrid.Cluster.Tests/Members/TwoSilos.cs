using System.Text.Json;
using AgentGrid.Cluster.Tests.Silo;
using AgentGrid.Conformance;
using StackExchange.Redis;

namespace AgentGrid.Cluster.Tests.Members;

/// <summary>Two silos as processes: one serves the client API, and one has a way to Redis of its own.</summary>
public sealed class TwoSilos : IAsyncLifetime
{
    /// <summary>Of the hash in which Orleans keeps the members.</summary>
    public const string Table = "agentgrid/members/agentgrid";

    private RedisServer? _redis;
    private RedisProxy? _way;
    private ConnectionMultiplexer? _connection;
    private SiloProgram? _first;
    private SiloProgram? _second;

    internal RedisServer Redis => _redis!;
    internal RedisProxy Way => _way!;
    internal SiloProgram First => _first!;
    internal SiloProgram Second => _second!;
    internal IDatabase Database => _connection!.GetDatabase();

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync("--appendonly", "yes");
        _connection = await _redis.ConnectAsync();
        _way = new RedisProxy(_redis.Port);
        _first = Launch("first", "all");
        _second = Launch("second", "silo", _way.Address);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in new[] { _first, _second }.OfType<SiloProgram>())
        {
            await silo.DisposeAsync();
        }
        if (_way is not null)
        {
            await _way.DisposeAsync();
        }
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }
        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }
    }

    /// <summary>Another silo of the cluster, without the client API.</summary>
    internal SiloProgram Launch(string name) => Launch(name, "silo");

    /// <summary>Starts the second again should it have ended, and waits until both are one cluster.</summary>
    public async Task RepairAsync()
    {
        if (Second.Exited.IsCompleted)
        {
            await Second.DisposeAsync();
            _second = Launch("second", "silo", Way.Address);
        }
        await Task.WhenAll(SiloProgram.StartedAsync(First), SiloProgram.StartedAsync(Second));
        await AreNodesAsync("first", "second");
    }

    /// <summary>Waits until these are the nodes of the cluster, as the client API knows it.</summary>
    public Task AreNodesAsync(params string[] names) => Limits.EventuallyAsync(
        async () => (await NodesAsync()).SequenceEqual(names),
        async () => $"the nodes are {string.Join(", ", await NodesAsync())}\n{First.Output}\n{Second.Output}");

    /// <summary>Posts runs of one round for some matches, which take some time.</summary>
    internal async Task<string[]> PostAsync(IEnumerable<string> matches, string round, int ms) =>
        await Task.WhenAll(matches.Select(async m =>
            (await First.PostAsync(m, "delay", new { ms }, round: round)).GetProperty("run_id").GetString()!));

    /// <summary>Waits until runs have ended, and fails when one did not complete.</summary>
    internal async Task<JsonElement[]> CompletedAsync(IEnumerable<string> runs) =>
        await Task.WhenAll(runs.Select(CompletedAsync));

    /// <summary>The names in the table of members of those that are active.</summary>
    internal async Task<string[]> MembersAsync() =>
    [
        .. (await Database.HashGetAllAsync(Table)).Where(e => e.Name != "Version")
            .Select(e => JsonElement.Parse($"{e.Value}")).Where(e => e.GetProperty("Status").GetInt32() == 3)
            .Select(e => e.GetProperty("SiloName").GetString()!)
            .Order(StringComparer.Ordinal),
    ];

    private SiloProgram Launch(string name, string role, string? redis = null) =>
        SiloProgram.Launch(redis ?? $"127.0.0.1:{Redis.Port}", "--role", role, "--name", name, "--queues", "general");

    private async Task<string[]> NodesAsync()
    {
        var (_, text) = await First.GetAsync("/api/v1/nodes");
        return JsonElement.Parse(text).TryGetProperty("nodes", out var nodes)
            ? [.. nodes.EnumerateArray().Select(n => n.GetProperty("name").GetString()!).Order(StringComparer.Ordinal)]
            : [];
    }

    private async Task<JsonElement> CompletedAsync(string run)
    {
        JsonElement found = default;
        await Limits.EventuallyAsync(
            async () =>
            {
                found = JsonElement.Parse((await First.GetAsync($"/api/v1/runs/{run}")).Text);
                return found.TryGetProperty("ended_at", out var end) && end.ValueKind == JsonValueKind.String;
            },
            () => new($"{found}\n{First.Output}\n{Second.Output}"));
        Assert.Equal("completed", found.GetProperty("status").GetString());
        return found;
    }
}
