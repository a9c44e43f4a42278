using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using AgentGrid.RunLog.Tests.Hosting;

namespace AgentGrid.Cluster.Tests.Processes;

/// <summary>One process of a cluster, as its operator starts it. What it writes is kept, with the time.</summary>
internal sealed class MemberProcess : IAsyncDisposable
{
    public const int Kill = 9;
    public const int Term = 15;
    public const int Continue = 18;
    public const int Stop = 19;

    // It goes when the input is closed: with these tests, however they end. The shell ends with it, and with its code.
    private const string Guarded = """
        exec 3<&0; "$@" </dev/null & p=$!; echo "pid $p"
        { cat <&3; kill -9 $p; } >/dev/null 2>&1 & g=$!
        exec 3<&-; wait $p; c=$?; kill $g; exit $c
        """;

    private const int MostShown = 300;
    private const int MostOfLine = 600;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan LongestProbe = TimeSpan.FromSeconds(5);
    private readonly Process _shell;
    private readonly TaskCompletionSource<int> _pid = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(DateTimeOffset At, string Text)> _lines = [];

    private MemberProcess(string name, string folder, IEnumerable<string> arguments)
    {
        Name = name;
        Url = new Uri($"http://127.0.0.1:{FreePorts.Next().ToString(CultureInfo.InvariantCulture)}/");
        Client = new HttpClient { BaseAddress = Url, Timeout = Patience };
        var start = new ProcessStartInfo("/bin/sh")
        {
            ArgumentList = { "-c", Guarded, "sh", DotNet, Dll, "--urls", Url.ToString().TrimEnd('/') },
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        _shell = new Process { StartInfo = start };
        _shell.OutputDataReceived += (_, e) => Keep(e.Data);
        _shell.ErrorDataReceived += (_, e) => Keep(e.Data);
    }

    /// <summary>Where the program was built, and what was shipped with it.</summary>
    public static string ProgramFolder => Path.GetDirectoryName(Dll)!;

    public string Name { get; }
    public Uri Url { get; }
    public HttpClient Client { get; }
    public bool HasExited => _shell.HasExited;
    public int ExitCode => _shell.ExitCode;

    public IReadOnlyList<(DateTimeOffset At, string Text)> Lines
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines];
            }
        }
    }

    /// <summary>What the process has written since then; no more than a person can read.</summary>
    public string OutputSince(DateTimeOffset time)
    {
        var shown = Lines.Where(l => l.At >= time).Take(MostShown);
        return $"--- {Name}:\n{string.Concat(shown.Select(l => $"{l.At:HH:mm:ss.fff} {Shorten(l.Text)}\n"))}";
    }

    private string Output => OutputSince(DateTimeOffset.MinValue);

    private static string Shorten(string line) => line.Length > MostOfLine ? line[..MostOfLine] + "..." : line;

    private static string DotNet =>
        Environment.ProcessPath is { } path && Path.GetFileName(path) == "dotnet" ? path : "dotnet";

    // Built with the same configuration as these tests.
    private static string Dll { get; } = FindDll();

    public static MemberProcess Launch(string name, string folder, IEnumerable<string> arguments)
    {
        var member = new MemberProcess(name, folder, arguments);
        member._shell.Start();
        member._shell.BeginOutputReadLine();
        member._shell.BeginErrorReadLine();
        return member;
    }

    public Task ReadyAsync() => EventuallyAsync(IsReadyAsync, "it was never ready");

    public async Task<bool> IsReadyAsync()
    {
        using var enough = new CancellationTokenSource(LongestProbe);
        try
        {
            using var response = await Client.GetAsync("health/ready", enough.Token);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false; // nobody listens yet, or any more
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested)
        {
            return false;
        }
    }

    public async Task SignalAsync(int signal) =>
        Assert.Equal(0, SendSignal(await _pid.Task.WaitAsync(Patience), signal));

    /// <summary>SIGKILL: the process does not get to do anything any more.</summary>
    public async Task KillAsync()
    {
        await SignalAsync(Kill);
        await ExitCodeAsync();
    }

    /// <summary>Waits until the process has ended.</summary>
    public async Task<int> ExitCodeAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await _shell.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new TimeoutException($"It did not end within {Patience}. {Output}");
        }
        return _shell.ExitCode;
    }

    public async Task EventuallyAsync(Func<Task<bool>> condition, string otherwise)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            if (clock.Elapsed > Patience || HasExited)
            {
                throw new TimeoutException($"After {clock.Elapsed}, {otherwise}. {Output}");
            }
            await timer.WaitForNextTickAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!HasExited)
        {
            await KillAsync();
        }
        _shell.Dispose();
        Client.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }
        if (line.StartsWith("pid ", StringComparison.Ordinal))
        {
            _pid.TrySetResult(int.Parse(line.AsSpan(4), CultureInfo.InvariantCulture));
            return;
        }
        lock (_lines)
        {
            _lines.Add((DateTimeOffset.UtcNow, line));
        }
    }

    private static string FindDll()
    {
        // tests/AgentGrid.Cluster.Tests/bin/<configuration>/net10.0
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        var root = here.Parent!.Parent!.Parent!.Parent!.Parent!.FullName;
        var dll = Path.Combine(root, "silo", "bin", here.Parent.Name, here.Name, "AgentGrid.Silo.dll");
        return File.Exists(dll)
            ? dll
            : throw new FileNotFoundException("The silo is not built where it was expected.", dll);
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int SendSignal(int pid, int signal);
}
