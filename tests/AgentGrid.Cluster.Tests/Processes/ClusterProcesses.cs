using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using AgentGrid.Conformance;

namespace AgentGrid.Cluster.Tests.Processes;

/// <summary>
/// A cluster of processes: a Redis that keeps what it has answered, two silos for agents without GPU, one with a GPU,
/// and one that serves the client API. One feed is followed all the time, over every restart.
/// </summary>
public sealed partial class ClusterProcesses : IAsyncLifetime
{
    public const string Api = "api";
    public const string Cpu1 = "cpu1";
    public const string Cpu2 = "cpu2";
    public const string Gpu1 = "gpu1";

    /// <summary>What a silo ends with that the cluster has declared dead.</summary>
    public const int DeclaredDeadExitCode = 70;

    /// <summary>What a silo writes when the dispatcher has moved to it.</summary>
    public const string DispatcherIsHere = "The dispatcher has started";

    // Where Orleans keeps who brings the stream of events, and to whom.
    private const string PubSubState =
        "agentgrid/state/pubsubrendezvous/events/agentgrid.events/all/PubSubRendezvousGrain";
    private const int Several = 20;
    private static readonly TimeSpan AWhile = TimeSpan.FromSeconds(1.5);

    // As the shipped configuration has it, with more time: what ends an attempt here is what is done to its node.
    // And something quick that needs the GPU in every run.
    private const string Agents = """
        queues:
          general: { slots: 64 }
          gpu:     { slots: 8 }
        agents:
          motion_generator: { queue: gpu, max_concurrency: 4, timeout: 120s, resources: { gpu_memory_mb: 4096 } }
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
    private readonly Dictionary<string, GridProcess> _members = [];
    private readonly Dictionary<int, string> _byPort = [];
    private readonly List<GridProcess> _gone = [];
    private RedisServer? _redis;
    private Follower? _feed;

    public static IReadOnlyList<string> Silos { get; } = [Cpu1, Cpu2, Gpu1];

    /// <summary>After a failure, the next test begins with processes that are not to blame for it.</summary>
    public bool HasFailed { get; set; }

    internal Follower Feed => _feed!;
    internal RedisServer Redis => _redis!;
    internal Uri ApiUrl => _members[Api].Url;

    internal GridProcess this[string member] => _members[member];

    /// <summary>What all processes have written since then, those that are gone included.</summary>
    public string OutputSince(DateTimeOffset time) => string.Concat(
        _gone.Concat(_members.Values).Where(m => m.Lines.Any(l => l.At >= time)).Select(m => m.OutputSince(time)));

    internal IEnumerable<(DateTimeOffset At, string Text)> Lines =>
        _gone.Concat(_members.Values).SelectMany(m => m.Lines);

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Path.Combine(_folder.FullName, "config"));
        CopyConfig();
        _redis = await RedisServer.StartAsync("--appendonly", "yes", "--appendfsync", "always");
        await StartAsync([.. Silos, Api]);
        _feed = Follower.Start(() => ApiUrl);
    }

    public async ValueTask DisposeAsync()
    {
        if (_feed is not null)
        {
            await _feed.DisposeAsync();
        }
        foreach (var member in _members.Values.Concat(_gone))
        {
            await member.DisposeAsync();
        }
        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }
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
            var port = FreePorts.Next();
            string[] ports = name == Api ? [] : ["--silo-port", $"{port}", "--gateway-port", $"{FreePorts.Next()}"];
            _byPort[port] = name;
            _members[name] = GridProcess.Launch("silo", _folder.FullName,
                [
                    .. Roles[name], .. ports, "--redis", $"127.0.0.1:{Redis.Port}", "--config",
                    Path.Combine(_folder.FullName, "config"),
                ],
                new Uri($"http://127.0.0.1:{FreePorts.Next()}"), name: name);
        }
        await Task.WhenAll(names.Select(n => _members[n].ReadyAsync()));
    }

    /// <summary>Starts again whatever has ended because it was declared dead, as it asks its supervisor to.</summary>
    public async Task SuperviseAsync()
    {
        var dead = _members.Where(m => m.Value.HasExited && m.Value.ExitCode == DeclaredDeadExitCode);
        foreach (var (name, _) in dead.ToArray())
        {
            Console.WriteLine($"{name} was declared dead");
            await StartAsync(name);
        }
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

    /// <summary>The silo that reads the stream of events and brings it to the api.</summary>
    public async Task<string> StreamIsOnAsync()
    {
        await using var redis = await Redis.ConnectAsync();
        var owner = "";
        await EventuallyAsync(
            async () =>
            {
                // Known from the first event on that it has delivered.
                var state = await redis.GetDatabase().HashGetAsync(PubSubState, "data");
                owner = StreamOwner().Match($"{state}") is { Success: true } m
                    ? _byPort[int.Parse(m.Groups[1].ValueSpan, CultureInfo.InvariantCulture)] : "";
                return owner.Length > 0 && !_members[owner].HasExited;
            },
            () => Task.FromResult($"no silo reads the stream; the last one was '{owner}'"));
        return owner;
    }

    /// <summary>
    /// Waits until new events come to the api over the stream. Twice a second it looks into the run log, and takes what
    /// is on its way just then; so some come from there at any time, and all of them while the stream brings nothing.
    /// </summary>
    public async Task StreamFlowsAsync()
    {
        var before = await FeedSourcesAsync();
        var since = Stopwatch.GetTimestamp();
        await EventuallyAsync(
            async () =>
            {
                if (Stopwatch.GetElapsedTime(since) < AWhile)
                {
                    return false;
                }
                var now = await FeedSourcesAsync();
                var (streamed, fromLog) = (now.Streamed - before.Streamed, now.FromLog - before.FromLog);
                (before, since) = (now, Stopwatch.GetTimestamp());
                return streamed >= Several && streamed > fromLog;
            },
            async () => $"{await FeedSourcesAsync()}");
    }

    private async Task<(long Streamed, long FromLog)> FeedSourcesAsync()
    {
        var (status, text) = await AnswerAsync(HttpMethod.Get, "metrics");
        Assert.Equal(HttpStatusCode.OK, status);
        var bySource = FeedEvents().Matches(text).ToDictionary(
            m => m.Groups[1].Value, m => long.Parse(m.Groups[2].ValueSpan, CultureInfo.InvariantCulture));
        return (bySource.GetValueOrDefault("stream"), bySource.GetValueOrDefault("log"));
    }

    /// <summary>What the API says, asked of it until it answers.</summary>
    public async Task<JsonElement> GetAsync(string path)
    {
        var (status, text) = await AnswerAsync(HttpMethod.Get, path);
        Assert.True(status == HttpStatusCode.OK, $"GET {path}: {status} {text}");
        return JsonElement.Parse(text);
    }

    /// <summary>Posts what can be posted twice.</summary>
    public async Task PostAsync(string path)
    {
        var (status, text) = await AnswerAsync(HttpMethod.Post, path);
        Assert.True((int)status < 300, $"POST {path}: {status} {text}");
    }

    // 503 says that one is to come again: no silo has answered in time.
    private async Task<(HttpStatusCode Status, string Text)> AnswerAsync(HttpMethod method, string path)
    {
        var answer = (Status: HttpStatusCode.ServiceUnavailable, Text: "");
        await EventuallyAsync(
            async () =>
            {
                using var request = new HttpRequestMessage(method, path);
                using var response = await _members[Api].Client.SendAsync(request);
                answer = (response.StatusCode, await response.Content.ReadAsStringAsync());
                return answer.Status != HttpStatusCode.ServiceUnavailable;
            },
            () => Task.FromResult($"{method} {path}: {answer}"));
        return answer;
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
        using var limit = new CancellationTokenSource(Limits.Patience);
        while (!await condition())
        {
            if (limit.IsCancellationRequested)
            {
                throw new TimeoutException($"Waited {Limits.Patience.TotalSeconds} s; it stayed: {await state()}");
            }
            await timer.WaitForNextTickAsync();
        }
    }

    private void CopyConfig()
    {
        var config = Path.Combine(_folder.FullName, "config");
        File.WriteAllText(Path.Combine(config, "agents.yaml"), Agents);
        Directory.CreateDirectory(Path.Combine(config, "plans"));
        var shipped = Path.Combine(Path.GetDirectoryName(GridProcess.DllOf("silo"))!, "config", "plans");
        foreach (var plan in Directory.EnumerateFiles(shipped))
        {
            File.WriteAllText(
                Path.Combine(config, "plans", Path.GetFileName(plan)),
                Timeouts().Replace(File.ReadAllText(plan), "timeout: 120s"));
        }
    }

    [GeneratedRegex(@"timeout: \d+s")]
    private static partial Regex Timeouts();

    [GeneratedRegex("""sys.svc.stream.agent","Key":"127.0.0.1:(\d+)@""")]
    private static partial Regex StreamOwner();

    [GeneratedRegex("""agentgrid_feed_events_total\{source="(\w+)"\} (\d+)""")]
    private static partial Regex FeedEvents();
}
