using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace AgentGrid.ClientApi.Tests.Processes;

/// <summary>The built server as a process of its own, over a data folder that outlives it.</summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private volatile Uri? _url;

    private ServerProcess(string data, string[] args, IReadOnlyDictionary<string, string> variables)
    {
        Client = new HttpClient { Timeout = Patience };
        var start = new ProcessStartInfo(Environment.ProcessPath is { } path && Path.GetFileName(path) == "dotnet" ? path : "dotnet")
        {
            ArgumentList = { Dll },
            // Away from the repository, so that the configuration is the one that was shipped beside the program.
            WorkingDirectory = data,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var arg in args)
        {
            start.ArgumentList.Add(arg);
        }
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, e) => Keep(e.Data);
        _process.ErrorDataReceived += (_, e) => Keep(e.Data);
    }

    /// <summary>Where the server was built, with the same configuration as these tests.</summary>
    public static string Dll { get; } = FindDll();

    /// <summary>Where it listens, as it has said itself: a port chosen for it could be taken by then.</summary>
    public Uri Url => _url ?? throw new InvalidOperationException($"The server does not listen. It wrote:\n{Output}");

    public HttpClient Client { get; }

    /// <summary>Everything that the process has written so far.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>Starts a server and waits until it is ready.</summary>
    public static async Task<ServerProcess> StartAsync(
        string data, IReadOnlyDictionary<string, string>? variables = null)
    {
        var server = Launch(data, null, variables);
        try
        {
            await server.EventuallyAsync(async () => await server.IsReadyAsync(), "it was never ready");
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
        return server;
    }

    /// <summary>Starts a server, and does not wait for anything.</summary>
    /// <param name="args">The command line; null to listen on any free port, and to keep data in the folder.</param>
    public static ServerProcess Launch(
        string data, string[]? args = null, IReadOnlyDictionary<string, string>? variables = null)
    {
        var server = new ServerProcess(
            data, args ?? ["--urls", "http://127.0.0.1:0", "--data", data],
            variables ?? new Dictionary<string, string>());
        server._process.Start();
        server._process.BeginOutputReadLine();
        server._process.BeginErrorReadLine();
        return server;
    }

    public async Task<bool> IsReadyAsync()
    {
        if (_url is null)
        {
            return false;
        }
        try
        {
            using var response = await Client.GetAsync("health/ready");
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false; // nobody listens yet, or any more
        }
    }

    /// <summary>SIGKILL: the process does not get to do anything any more.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Sends what <c>kill</c> or Ctrl-C sends.</summary>
    public void Signal(PosixSignal signal)
    {
        var number = signal == PosixSignal.SIGTERM ? 15 : 2;
        Assert.Equal(0, SendSignal(_process.Id, number));
    }

    /// <summary>Waits until the process has ended by itself.</summary>
    public async Task<int> ExitCodeAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new TimeoutException($"The server did not end within {Patience}. It wrote:\n{Output}");
        }
        return _process.ExitCode;
    }

    /// <summary>Asks again and again until the answer is yes.</summary>
    public async Task EventuallyAsync(Func<Task<bool>> condition, string otherwise)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            if (clock.Elapsed > Patience || _process.HasExited)
            {
                throw new TimeoutException($"After {clock.Elapsed}, {otherwise}. The server wrote:\n{Output}");
            }
            await timer.WaitForNextTickAsync();
        }
    }

    /// <summary>Waits until the process has ended by itself, and checks that it has written a text.</summary>
    public async Task ExitsSayingAsync(string text)
    {
        using var limit = new CancellationTokenSource(Patience);
        // Waits for the ends of the output streams too.
        await _process.WaitForExitAsync(limit.Token);
        Assert.Contains(text, Output, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }
        _process.Dispose();
        Client.Dispose();
    }

    private void Keep(string? line)
    {
        lock (_output)
        {
            _output.AppendLine(line);
        }
        if (_url is null && line is not null && Listening().Match(line) is { Success: true } match)
        {
            Client.BaseAddress = new Uri(match.Groups[1].Value);
            _url = Client.BaseAddress;
        }
    }

    [GeneratedRegex("listens on (http://[^ ,;]+)")]
    private static partial Regex Listening();

    private static string FindDll()
    {
        // tests/AgentGrid.ClientApi.Tests/bin/<configuration>/net10.0
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        var root = here.Parent!.Parent!.Parent!.Parent!.Parent!.FullName;
        var dll = Path.Combine(root, "client-api", "bin", here.Parent.Name, here.Name, "AgentGrid.ClientApi.dll");
        return File.Exists(dll) ? dll : throw new FileNotFoundException("The server is not built where it was expected.", dll);
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int SendSignal(int pid, int signal);
}
