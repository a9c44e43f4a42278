using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using AgentGrid.Bench.Load;

namespace AgentGrid.Bench.Cluster;

/// <summary>A cluster on this machine: a Redis, an api, and silos, each a process of its own.</summary>
internal sealed class ClusterUnderTest : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly List<Process> _processes = [];

    private ClusterUnderTest(Uri url) => Url = url;

    public Uri Url { get; }

    /// <param name="silos">How many; 0: one process that is api and silo.</param>
    /// <param name="fsync">What Redis waits for: <c>no</c>, <c>everysec</c> or <c>always</c>.</param>
    public static async Task<ClusterUnderTest> StartAsync(string data, int silos, string fsync)
    {
        var program = Path.Combine(Repository(), "silo", "bin", "Release", "net10.0", "AgentGrid.Silo.dll");
        if (!File.Exists(program))
        {
            throw new InvalidOperationException($"There is no {program}: dotnet build -c Release silo.");
        }
        var redis = $"127.0.0.1:{FreePort()}";
        var cluster = new ClusterUnderTest(new Uri($"http://127.0.0.1:{FreePort()}/"));
        cluster.Start(
            "redis-server", "--port", redis.Split(':')[1], "--save", "", "--appendonly", "yes", "--appendfsync", fsync,
            "--dir", data);
        string[] common =
        [
            program, "--redis", redis, "--config", Path.Combine(AppContext.BaseDirectory, "cluster-config"),
            "--Logging:LogLevel:Default", "Warning", "--AgentGrid:DrainTimeout", "00:00:01",
        ];
        string[] urls = ["--urls", cluster.Url.ToString().TrimEnd('/')];
        for (var i = 1; i <= silos; i++)
        {
            cluster.Start("dotnet", [.. common, "--role", "silo", "--name", $"silo{i}"]);
        }
        cluster.Start("dotnet", [.. common, "--role", silos == 0 ? "all" : "api", .. urls]);
        await cluster.ReadyAsync(Math.Max(1, silos));
        return cluster;
    }

    /// <summary>What all processes have used until now, Redis included.</summary>
    public Task<ServerUsage> UsageAsync() => Task.FromResult(ServerUsage.Of(_processes));

    public async ValueTask DisposeAsync()
    {
        foreach (var process in Enumerable.Reverse(_processes))
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }

    private void Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        process.OutputDataReceived += (_, e) =>
        {
            if (program != "redis-server" && e.Data is not null)
            {
                Console.Error.WriteLine(e.Data);
            }
        };
        process.BeginOutputReadLine();
        _processes.Add(process);
    }

    private async Task ReadyAsync(int nodes)
    {
        using var client = new HttpClient { BaseAddress = Url };
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        var clock = Stopwatch.StartNew();
        while (await timer.WaitForNextTickAsync())
        {
            try
            {
                var text = await client.GetStringAsync("api/v1/nodes");
                if (text.Split("\"seen_at\"").Length - 1 == nodes)
                {
                    return;
                }
            }
            catch (HttpRequestException) when (clock.Elapsed < Patience)
            {
                continue; // it does not listen yet, or has not found the silos
            }
            if (clock.Elapsed > Patience)
            {
                throw new TimeoutException($"The cluster did not have {nodes} nodes within {Patience.TotalSeconds} s.");
            }
        }
    }

    private static string Repository()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Orleans.AgentGrid.sln")))
            {
                return folder;
            }
        }
        throw new DirectoryNotFoundException("The benchmark does not run from inside its repository.");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
