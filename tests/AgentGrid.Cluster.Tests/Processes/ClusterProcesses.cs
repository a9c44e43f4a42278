using System.Text.Json;
using AgentGrid.RunLog.Tests.Hosting;

namespace AgentGrid.Cluster.Tests.Processes;

/// <summary>
/// A cluster of processes: a Redis that keeps what it has answered, two silos for agents without GPU, one with a GPU,
/// and one that serves the client API. One feed is followed all the time, over every restart.
/// </summary>
public sealed class ClusterProcesses : IAsyncLifetime
{
    public const string Api = "api";
    public const string Cpu1 = "cpu1";
    public const string Cpu2 = "cpu2";
    public const string Gpu1 = "gpu1";

    /// <summary>What a silo writes when the dispatcher has moved to it.</summary>
    public const string DispatcherIsHere = "The dispatcher is here";

    // As the shipped configuration has it; and something quick that needs the GPU in every run.
    private const string Agents = """
        queues:
          general: { slots: 64 }
          gpu:     { slots: 8 }
        agents:
          motion_generator: { queue: gpu, max_concurrency: 4, timeout: 20s, resources: { gpu_memory_mb: 4096 } }
          flaky:            { queue: gpu, max_concurrency: 8, resources: { gpu_memory_mb: 1000 } }
        """;

    private static readonly Dictionary<string, string[]> Roles = new()
    {
        [Cpu1] = ["--role", "silo", "--name", Cpu1, "--queues", "general"],
        [Cpu2] = ["--role", "silo", "--name", Cpu2, "--queues", "general"],
        [Gpu1] = ["--role", "silo", "--name", Gpu1, "--queues", "gpu", "--gpu-memory-mb", "24000"],
        [Api] = ["--role", "api"],
    };

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-cluster-");
    private readonly Dictionary<string, MemberProcess> _members = [];
    private readonly List<MemberProcess> _gone = [];
    private RedisServer? _redis;
    private Follower? _feed;

    public static IReadOnlyList<string> Silos { get; } = [Cpu1, Cpu2, Gpu1];

    /// <summary>After a failure, the next test begins with processes that are not to blame for it.</summary>
    public bool HasFailed { get; set; }

    internal Follower Feed => _feed!;
    internal RedisServer Redis => _redis!;
    internal Uri ApiUrl => _members[Api].Url;

    internal MemberProcess this[string member] => _members[member];

    /// <summary>What all processes have written since then, those that are gone included.</summary>
    public string OutputSince(DateTimeOffset time) => string.Concat(
        _gone.Concat(_members.Values).Where(m => m.Lines.Any(l => l.At >= time)).Select(m => m.OutputSince(time)));

    internal IEnumerable<(DateTimeOffset At, string Text)> Lines =>
        _gone.Concat(_members.Values).SelectMany(m => m.Lines);

    public async ValueTask InitializeAsync()
    {
        Assert.True(
            RedisServer.Program is not null, "There is no redis-server on the path: apt-get install redis-server.");
        Directory.CreateDirectory(Path.Combine(_folder.FullName, "config"));
        CopyConfig();
        _redis = await RedisServer.StartAsync("--appendonly", "yes", "--appendfsync", "always");
        await StartAsync([.. Silos, Api]);
        _feed = new Follower(() => ApiUrl);
        _feed.Start();
    }

    public async ValueTask DisposeAsync()
    {
        await _feed!.DisposeAsync();
        foreach (var member in _members.Values.Concat(_gone))
        {
            await member.DisposeAsync();
        }
        await _redis!.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    /// <summary>Starts members, or starts them again, and waits until each of them is ready.</summary>
    public async Task StartAsync(params string[] names)
    {
        foreach (var name in names)
        {
            if (_members.TryGetValue(name, out var before))
            {
                Assert.True(before.HasExited, $"{name} runs already.");
                _gone.Add(before);
            }
            // As on a new machine: nobody has the address of a predecessor.
            string[] ports = name == Api
                ? []
                : ["--silo-port", $"{MemberProcess.FreePort()}", "--gateway-port", $"{MemberProcess.FreePort()}"];
            _members[name] = MemberProcess.Launch(name, _folder.FullName,
            [
                .. Roles[name], .. ports, "--redis", $"127.0.0.1:{Redis.Port}", "--config",
                Path.Combine(_folder.FullName, "config"),
            ]);
        }
        await Task.WhenAll(names.Select(n => _members[n].ReadyAsync()));
    }

    /// <summary>Starts whatever does not run, as a supervisor would, and waits until everything is ready.</summary>
    public async Task RepairAsync()
    {
        if (HasFailed)
        {
            await Task.WhenAll(_members.Values.Where(m => !m.HasExited).Select(m => m.KillAsync()));
            HasFailed = false;
        }
        await StartAsync([.. _members.Where(m => m.Value.HasExited).Select(m => m.Key)]);
        await Task.WhenAll(_members.Values.Select(m => m.ReadyAsync()));
        await EventuallyAsync(async () => (await NodesAsync()).SequenceEqual(Silos), async () =>
            $"the nodes that take attempts are {string.Join(", ", await NodesAsync())}");
    }

    /// <summary>The silo on which the dispatcher was built last.</summary>
    public string? DispatcherIsOn() => _members.Values.Where(m => !m.HasExited).SelectMany(
            m => m.Lines.Where(l => l.Text.Contains(DispatcherIsHere, StringComparison.Ordinal))
                .Select(l => (l.At, m.Name)))
        .DefaultIfEmpty().Max().Name;

    /// <summary>What the API says, asked of it until it answers.</summary>
    public async Task<JsonElement> GetAsync(string path)
    {
        using var response = await _members[Api].Client.GetAsync(path);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"GET {path}: {(int)response.StatusCode} {text}");
        return JsonElement.Parse(text);
    }

    public async Task PostAsync(string path)
    {
        using var response = await _members[Api].Client.PostAsync(path, null);
        Assert.True(response.IsSuccessStatusCode, $"POST {path}: {(int)response.StatusCode}");
    }

    /// <summary>The names of the nodes that take attempts.</summary>
    public async Task<string[]> NodesAsync() =>
    [
        .. (await GetAsync("api/v1/nodes")).GetProperty("nodes").EnumerateArray()
            .Where(n => !n.GetProperty("draining").GetBoolean())
            .Select(n => n.GetProperty("name").GetString()!).Order(StringComparer.Ordinal),
    ];

    public async Task EventuallyAsync(Func<Task<bool>> condition, Func<Task<string>> state)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await condition())
        {
            if (limit.IsCancellationRequested)
            {
                throw new TimeoutException($"Waited 30 s; it stayed: {await state()}");
            }
            await timer.WaitForNextTickAsync();
        }
    }

    private void CopyConfig()
    {
        var config = Path.Combine(_folder.FullName, "config");
        File.WriteAllText(Path.Combine(config, "agents.yaml"), Agents);
        Directory.CreateDirectory(Path.Combine(config, "plans"));
        var shipped = Path.Combine(MemberProcess.ProgramFolder, "config", "plans");
        foreach (var plan in Directory.EnumerateFiles(shipped))
        {
            File.Copy(plan, Path.Combine(config, "plans", Path.GetFileName(plan)));
        }
    }
}
