using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace AgentGrid.Bench.Load;

/// <summary>The server that is measured: a child process with a journal of its own, or one that runs already.</summary>
internal sealed class ServerUnderTest : IAsyncDisposable
{
    private readonly HttpClient _client;
    private readonly Process? _process;
    private readonly IReadOnlyList<Process> _others;

    private ServerUnderTest(Uri url, Process? process, IReadOnlyList<Process> others)
    {
        (Url, _process, _others) = (url, process, others);
        _client = new HttpClient { BaseAddress = url };
    }

    public Uri Url { get; }

    /// <summary>Whether it has the endpoints that only a server of this program has.</summary>
    public bool IsOurs => _process is not null;

    /// <summary>A server that runs already.</summary>
    /// <param name="processes">The ids of those that count: itself, a Redis, silos.</param>
    public static ServerUnderTest At(Uri url, IReadOnlyList<int> processes) =>
        new(url, null, [.. processes.Select(Process.GetProcessById)]);

    /// <summary>Starts one of its own.</summary>
    /// <param name="settings">Further arguments of the server: <c>--retention 00:01:00</c>.</param>
    public static async Task<ServerUnderTest> StartAsync(string data, string sync, params string[] settings)
    {
        var url = new Uri($"http://127.0.0.1:{FreePort()}/");
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
        {
            start.ArgumentList.Add(typeof(ServerUnderTest).Assembly.Location);
        }
        foreach (var argument in (string[])
        [
            "server", "--urls", url.ToString().TrimEnd('/'), "--data", data, "--sync", sync, .. settings,
        ])
        {
            start.ArgumentList.Add(argument);
        }
        var process = Process.Start(start) ?? throw new InvalidOperationException("The server did not start.");
        process.OutputDataReceived += (_, e) => Console.Error.WriteLine(e.Data);
        process.BeginOutputReadLine();
        var server = new ServerUnderTest(url, process, []);
        await server.ReadyAsync();
        return server;
    }

    /// <summary>What the server has used until now.</summary>
    public async Task<ServerUsage> UsageAsync()
    {
        if (_process is null)
        {
            return ServerUsage.Of(_others);
        }
        var text = await _client.GetByteArrayAsync("bench/allocated");
        _process.Refresh();
        return new ServerUsage(
            _process.TotalProcessorTime, JsonElement.Parse(text).GetInt64(), _process.WorkingSet64);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        if (_process is not null)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }
    }

    private async Task ReadyAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        var clock = Stopwatch.StartNew();
        while (!await IsReadyAsync())
        {
            if (clock.Elapsed > TimeSpan.FromSeconds(60) || _process!.HasExited)
            {
                throw new InvalidOperationException($"The server at {Url} was not ready after {clock.Elapsed}.");
            }
            await timer.WaitForNextTickAsync();
        }
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var response = await _client.GetAsync("health/ready");
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false; // nobody listens yet
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
