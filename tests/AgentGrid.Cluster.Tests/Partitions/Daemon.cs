using System.Collections.Concurrent;
using System.Diagnostics;

namespace AgentGrid.Cluster.Tests.Partitions;

/// <summary>A program of others on a host of the network: a redis-server, or a Sentinel.</summary>
internal sealed class Daemon : IAsyncDisposable
{
    // It goes when its input is closed: with these tests, however they end.
    private const string Guarded = "\"$@\" & p=$!; exec >/dev/null 2>&1; cat; kill -9 $p; wait $p";
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Daemon(string[] command, string folder, string ready)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", Guarded, "sh", .. command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, e) => Keep(e.Data, ready);
        _process.ErrorDataReceived += (_, e) => Keep(e.Data, ready);
    }

    public string Output => string.Join('\n', _lines);

    /// <summary>Starts it, and waits until it has written that it is ready.</summary>
    public static async Task<Daemon> StartAsync(string[] command, string folder, string ready)
    {
        var daemon = new Daemon(command, folder, ready);
        daemon._process.Start();
        daemon._process.BeginOutputReadLine();
        daemon._process.BeginErrorReadLine();
        await Limits.WithinAsync(daemon._ready.Task, () => $"{string.Join(' ', command)}\n{daemon.Output}");
        return daemon;
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Keep(string? line, string ready)
    {
        if (line is null)
        {
            return;
        }
        _lines.Enqueue(line);
        if (line.Contains(ready, StringComparison.Ordinal))
        {
            _ready.TrySetResult();
        }
    }
}
