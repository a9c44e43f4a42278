using System.Diagnostics;
using System.Net;
using StackExchange.Redis;

namespace AgentGrid.TestKit;

/// <summary>A redis-server of its own, on a free port, in a folder that goes with it.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private const int MostStarts = 5;
    private const string Missing = "There is no redis-server on the path: ./test.sh installs it, or says how.";

    // Redis goes when its input is closed: with these tests, however they end.
    private const string Guarded = "\"$@\" & p=$!; exec >/dev/null 2>&1; cat; kill -9 $p; wait $p";
    private static readonly string? s_program = (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, "redis-server")).FirstOrDefault(File.Exists);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-runlog-");
    private readonly string[] _settings;
    private Process? _process;

    private RedisServer(string[] settings) => _settings = settings;

    public int Port { get; private set; }

    public static async Task<RedisServer> StartAsync(params string[] settings)
    {
        Assert.True(s_program is not null, Missing);
        var server = new RedisServer(settings);
        for (var tries = 1; ; tries++)
        {
            server.Port = FreePorts.Next();
            if (await server.TryStartAsync())
            {
                return server;
            }
            Assert.True(tries < MostStarts, $"redis-server did not start on any of {MostStarts} ports");
        }
    }

    /// <summary>How to connect; with time enough for a machine that stands still for a while.</summary>
    public ConfigurationOptions Connection => new()
    {
        EndPoints = { { IPAddress.Loopback, Port } },
        AbortOnConnectFail = false,
        AllowAdmin = true,
        ConnectTimeout = 10_000,
        SyncTimeout = 20_000,
        AsyncTimeout = 20_000,
        ReconnectRetryPolicy = new LinearRetry(100),
    };

    public async Task<ConnectionMultiplexer> ConnectAsync() => await ConnectionMultiplexer.ConnectAsync(Connection);

    /// <summary>Kills it with signal 9.</summary>
    public void Kill()
    {
        _process!.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    public async Task RestartAsync() => Assert.True(await TryStartAsync(), "redis-server did not start again");

    public ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            Kill();
        }
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    private async Task<bool> TryStartAsync()
    {
        var start = new ProcessStartInfo("/bin/sh")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder.FullName,
        };
        string[] arguments =
            ["-c", Guarded, "sh", s_program!, "--port", $"{Port}", "--bind", "127.0.0.1", "--save", "", .. _settings];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        var ready = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, e) =>
        {
            if (e.Data is null)
            {
                ready.TrySetResult(false);
            }
            else if (e.Data.Contains("Ready to accept connections", StringComparison.Ordinal))
            {
                ready.TrySetResult(true);
            }
        };
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        var started = await ready.Task.WaitAsync(Limits.Patience);
        if (!started)
        {
            Kill();
        }
        return started;
    }
}
