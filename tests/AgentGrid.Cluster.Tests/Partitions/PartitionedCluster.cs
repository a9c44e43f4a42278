using System.Diagnostics;
using System.Globalization;
using AgentGrid.Cluster.Tests.Processes;
using StackExchange.Redis;

namespace AgentGrid.Cluster.Tests.Partitions;

/// <summary>
/// A cluster on hosts of its own network: three silos, each with a GPU and a Sentinel beside it, an api, and a Redis with two
/// replicas, one of which must be there for it to take writes, as the guide says. A supervisor starts again what has ended.
/// </summary>
internal sealed class PartitionedCluster : IAsyncDisposable
{
    public const string Api = "api";
    public const int PerGpu = 2;
    public const int Total = 6;
    public const int PerNode = 4;
    public const int Seconds = 60;

    private const int RedisPort = 6379;
    private const int SentinelPort = 26379;
    private const int HttpPort = 8000;
    private const string Monitored = "runs";

    // The machine has other things to do than to answer.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private static readonly string s_agents = $$"""
        queues:
          general: { slots: 8 }
          gpu:     { slots: 4 }
        agents:
          recorded:     { queue: general, max_concurrency: {{PerNode}}, max_concurrency_total: {{Total}}, timeout: {{Seconds}}s }
          recorded_gpu: { queue: gpu, timeout: {{Seconds}}s, resources: { gpu_memory_mb: 4000 } }
        """;

    private readonly Scratch _folder = new();
    private readonly Dictionary<string, GridProcess> _members = [];
    private readonly List<GridProcess> _gone = [];
    private readonly List<Daemon> _daemons = [];
    private readonly bool _clocksApart;
    private ConnectionMultiplexer? _admin;

    private PartitionedCluster(int seed, bool clocksApart)
    {
        Network = new Network(seed);
        _clocksApart = clocksApart;
    }

    /// <summary>How many replicas must have a turn before it counts as kept.</summary>
    public static string Copies { get; } = Environment.GetEnvironmentVariable("AGENTGRID_PARTITION_REPLICAS") ?? "0";

    public static IReadOnlyList<string> Silos { get; } = ["s1", "s2", "s3"];
    public static IReadOnlyList<string> Redises { get; } = ["redis1", "redis2", "redis3"];

    public Network Network { get; }

    /// <summary>The folder with what agents have written down, a file for each process.</summary>
    public string Records => Path.Combine(_folder.Folder, "records");

    public GridProcess this[string member] => _members[member];

    /// <summary>Processes that have ended, or been ended, and when (on the clock of histories).</summary>
    public Dictionary<int, long> Gone { get; } = [];

    public IEnumerable<(DateTimeOffset At, string Member, string Text)> Lines => _gone.Concat(_members.Values)
        .SelectMany(m => m.Lines.Select(l => (l.At, m.Name, l.Text)));

    public static async Task<PartitionedCluster> StartAsync(int seed, bool clocksApart)
    {
        var cluster = new PartitionedCluster(seed, clocksApart);
        try
        {
            await cluster.StartAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>The silo on which the dispatcher was built last.</summary>
    public string Dispatcher() => _members.Values.Where(m => !m.HasExited)
        .SelectMany(m => m.Lines.Where(l => l.Text.Contains(ClusterProcesses.DispatcherIsHere, StringComparison.Ordinal))
            .Select(l => (l.At, m.Name)))
        .DefaultIfEmpty((default, Silos[0])).Max().Name;

    /// <summary>The host whose Redis takes writes, as the Sentinels see it.</summary>
    public async Task<string> PrimaryAsync()
    {
        var address = "";
        await Limits.UntilAsync(
            async () =>
            {
                foreach (var server in _admin!.GetServers())
                {
                    try
                    {
                        var found = (RedisResult[]?)await server.ExecuteAsync("SENTINEL", "get-master-addr-by-name", Monitored);
                        address = $"{found?[0]}";
                    }
                    catch (Exception e) when (e is RedisException or TimeoutException)
                    {
                        continue;
                    }
                    return address.Length > 0;
                }
                return false;
            },
            () => "no Sentinel answers");
        return Redises.Single(r => Network.AddressOf(r) == address);
    }

    private Task<ConnectionMultiplexer> ConnectAsync(string redis) => ConnectionMultiplexer.ConnectAsync(new ConfigurationOptions
    {
        EndPoints = { { Network.AddressOf(redis), RedisPort } },
        AbortOnConnectFail = false,
        AllowAdmin = true,
    });

    /// <summary>Starts again whatever has ended, as its supervisor would.</summary>
    /// <returns>What has ended.</returns>
    public async Task<string[]> SuperviseAsync()
    {
        var ended = _members.Where(m => m.Value.HasExited).Select(m => m.Key).ToArray();
        foreach (var name in ended)
        {
            Gone[await _members[name].Pid] = Stopwatch.GetTimestamp();
            _gone.Add(_members[name]);
            Launch(name);
        }
        return ended;
    }

    /// <summary>Waits until one Redis takes writes and the others follow it: what came back is told so by the Sentinels.</summary>
    public async Task OnePrimaryAsync()
    {
        foreach (var redis in Redises)
        {
            await using var connection = await ConnectAsync(redis);
            // A Sentinel that was cut off says for a while what was.
            await Limits.UntilAsync(
                async () => (await ReplicationAsync(connection)).Contains(
                    redis == await PrimaryAsync() ? $"min_slaves_good_slaves:{Redises.Count - 1}" : "master_link_status:up",
                    StringComparison.Ordinal),
                () => $"{redis} is not the primary and follows nobody, or is the primary and is not followed by all");
        }
    }

    // A Redis that is made a replica ends all its connections.
    private static async Task<string> ReplicationAsync(ConnectionMultiplexer redis)
    {
        await Task.Delay(Pause);
        try
        {
            return $"{await redis.GetDatabase().ExecuteAsync("INFO", "replication")}";
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            return "";
        }
    }

    /// <summary>Waits until all are there, and each silo takes attempts.</summary>
    public async Task WholeAsync() => await Limits.UntilAsync(
        async () =>
        {
            await SuperviseAsync();
            await Task.Delay(Pause);
            return await IsWholeAsync();
        },
        () => $"the cluster is not whole:\n{OutputSince(DateTimeOffset.UtcNow - Limits.Patience)}");

    /// <summary>What all have written since then.</summary>
    public string OutputSince(DateTimeOffset time) =>
        string.Concat(_gone.Concat(_members.Values).Where(m => m.Lines.Any(l => l.At >= time)).Select(m => m.OutputSince(time)));

    public async ValueTask DisposeAsync()
    {
        if (_admin is not null)
        {
            await _admin.DisposeAsync();
        }
        foreach (var member in _members.Values.Concat(_gone))
        {
            await member.DisposeAsync();
        }
        foreach (var daemon in _daemons)
        {
            await daemon.DisposeAsync();
        }
        await Network.DisposeAsync();
        _folder.Dispose();
    }

    private async Task StartAsync()
    {
        Directory.CreateDirectory(Records);
        _folder.Write(Path.Combine("config", "agents.yaml"), s_agents);
        Directory.CreateDirectory(Path.Combine(_folder.Folder, "config", "plans"));
        Network.Start([.. Redises, .. Silos, Api]);
        foreach (var redis in Redises)
        {
            await StartRedisAsync(redis);
        }
        await ReplicasAsync();
        await Task.WhenAll(Silos.Select(StartSentinelAsync));
        var sentinels = new ConfigurationOptions { AbortOnConnectFail = false, CommandMap = CommandMap.Sentinel, AsyncTimeout = 2_000 };
        foreach (var silo in Silos)
        {
            sentinels.EndPoints.Add(Network.AddressOf(silo), SentinelPort);
        }
        _admin = await ConnectionMultiplexer.ConnectAsync(sentinels);
        foreach (var name in (string[])[.. Silos, Api])
        {
            Launch(name);
        }
        await WholeAsync();
    }

    private async Task StartRedisAsync(string host)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder.Folder, host)).FullName;
        string[] follows = host == Redises[0] ? [] : ["--replicaof", Network.AddressOf(Redises[0]), $"{RedisPort}"];
        _daemons.Add(await Daemon.StartAsync(
            [
                .. Network.Within(host), "redis-server", "--port", $"{RedisPort}", "--bind", "0.0.0.0", "--protected-mode", "no",
                "--save", "", "--appendonly", "yes", "--repl-diskless-sync-delay", "0", "--replica-announce-ip",
                Network.AddressOf(host), "--repl-timeout", "5", "--repl-ping-replica-period", "1", "--min-replicas-to-write", "1",
                "--min-replicas-max-lag", "2", .. follows,
            ],
            folder, "Ready to accept connections"));
    }

    // Without them no write is taken, and no silo starts.
    private async Task ReplicasAsync()
    {
        await using var redis = await ConnectAsync(Redises[0]);
        await Limits.UntilAsync(
            async () => (await ReplicationAsync(redis)).Contains(
                $"min_slaves_good_slaves:{Redises.Count - 1}", StringComparison.Ordinal),
            () => "the replicas have not connected");
    }

    private async Task StartSentinelAsync(string host)
    {
        var config = _folder.Write(Path.Combine(host, "sentinel.conf"), $"""
            port {SentinelPort}
            bind 0.0.0.0
            protected-mode no
            sentinel announce-ip {Network.AddressOf(host)}
            sentinel monitor {Monitored} {Network.AddressOf(Redises[0])} {RedisPort} 2
            sentinel down-after-milliseconds {Monitored} 3000
            sentinel failover-timeout {Monitored} 6000
            sentinel parallel-syncs {Monitored} 1
            """);
        var daemon = await Daemon.StartAsync(
            [.. Network.Within(host), "redis-server", config, "--sentinel"], Path.GetDirectoryName(config)!, "+monitor");
        lock (_daemons)
        {
            _daemons.Add(daemon);
        }
    }

    private void Launch(string name)
    {
        var address = Network.AddressOf(name);
        string[] role = name == Api ? ["--role", "api"]
            : ["--role", "silo", "--queues", "general,gpu", "--gpu-memory-mb", "8000", "--advertise", address];
        var redis = string.Join(',', Redises.Select(r => $"{Network.AddressOf(r)}:{RedisPort}"));
        _members[name] = GridProcess.Launch(
            "silo", _folder.Folder,
            [
                .. role, "--name", name, "--insecure", "--redis", redis, "--agents", RecorderDll(),
                "--config", Path.Combine(_folder.Folder, "config"), "--AgentGrid:Replicas", Copies,
            ],
            new Uri($"http://{address}:{HttpPort}"), Variables(name), name, Network.Within(name));
    }

    private Dictionary<string, string> Variables(string name)
    {
        var variables = new Dictionary<string, string> { ["RECORDER_FOLDER"] = Records };
        if (_clocksApart && Clocks.OffsetOf(name) is { } seconds)
        {
            variables["LD_PRELOAD"] = Clocks.Library!;
            variables["FAKETIME"] = seconds.ToString("+0;-0", CultureInfo.InvariantCulture);
            variables["FAKETIME_DONT_FAKE_MONOTONIC"] = "1";
            variables["DONT_FAKE_MONOTONIC"] = "1";
        }
        return variables;
    }

    private async Task<bool> IsWholeAsync()
    {
        foreach (var member in _members.Values)
        {
            if (!await member.IsReadyAsync())
            {
                return false;
            }
        }
        try
        {
            var text = await _members[Api].Client.GetStringAsync("api/v1/nodes");
            return System.Text.Json.JsonElement.Parse(text).GetProperty("nodes").EnumerateArray()
                .Select(n => $"{n.GetProperty("name")}").Order(StringComparer.Ordinal).SequenceEqual(Silos);
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static string RecorderDll()
    {
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        return Repository.PathOf("tests", "Recorder", "bin", here.Parent!.Name, here.Name, "Recorder.dll");
    }
}
