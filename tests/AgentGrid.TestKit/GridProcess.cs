using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace AgentGrid.TestKit;

/// <summary>
/// A program of the product as a process of its own, as its operator starts it. What it writes is kept, with the time.
/// </summary>
public sealed partial class GridProcess : IAsyncDisposable
{
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int Continue = 18;
    public const int Stop = 19;

    // It goes when the input is closed: with these tests, however they end. The shell ends with it, and with its code.
    // What a shell starts in the background is deaf to Ctrl-C, unless that is taken back.
    private const string Guarded = """
        exec 3<&0; env --default-signal=INT "$@" </dev/null & p=$!; echo "pid $p"
        { cat <&3; kill -9 $p; } >/dev/null 2>&1 & g=$!
        exec 3<&-; wait $p; c=$?; kill $g; exit $c
        """;

    private const int MostShown = 300;
    private const int MostOfLine = 600;

    private static readonly TimeSpan LongestProbe = TimeSpan.FromSeconds(5);
    private readonly Process _shell;
    private readonly TaskCompletionSource<int> _pid = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly List<(DateTimeOffset At, string Text)> _lines = [];

    private GridProcess(
        string program, string folder, IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string>> variables,
        IEnumerable<string> within)
    {
        var start = new ProcessStartInfo("/bin/sh")
        {
            ArgumentList = { "-c", Guarded, "sh" },
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in within.Concat([DotNet, DllOf(program)]).Concat(arguments))
        {
            start.ArgumentList.Add(argument);
        }
        // What another test or the shell has set is no setting of this server.
        foreach (var name in start.Environment.Keys.Where(IsSetting).ToArray())
        {
            start.Environment.Remove(name);
        }
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }
        _shell = new Process { StartInfo = start };
        _shell.OutputDataReceived += (_, e) => Keep(e.Data);
        _shell.ErrorDataReceived += (_, e) => Keep(e.Data);
    }

    /// <summary>What it is called in messages.</summary>
    public string Name { get; private init; } = "the program";

    /// <summary>Where it listens, as it was told or has said itself.</summary>
    public Uri Url => Client.BaseAddress ?? throw new InvalidOperationException($"It does not listen. {Output}");

    public HttpClient Client { get; } = new() { Timeout = 2 * Limits.Patience };
    public Task<int> Pid => _pid.Task;
    public bool HasExited => _shell.HasExited;
    public int ExitCode => _shell.ExitCode;

    /// <summary>The exit code, when it has ended and what it wrote was read.</summary>
    public Task<int> Exited => field ??= ExitAsync();

    public IReadOnlyList<(DateTimeOffset At, string Text)> Lines
    {
        get
        {
            lock (_gate)
            {
                return [.. _lines];
            }
        }
    }

    /// <summary>Everything that it has written so far.</summary>
    public string Output => string.Concat(Lines.Select(static l => l.Text + '\n'));

    private static bool IsSetting(string variable) => variable.StartsWith("AGENTGRID_", StringComparison.Ordinal)
        || variable.StartsWith("OTEL_", StringComparison.Ordinal);

    private static string DotNet =>
        Environment.ProcessPath is { } path && Path.GetFileName(path) == "dotnet" ? path : "dotnet";

    /// <summary>Where a program was built, with the same configuration as these tests.</summary>
    /// <param name="program">Its room: <c>client-api</c> or <c>silo</c>; or the path of a program that a test has built.</param>
    public static string DllOf(string program)
    {
        if (Path.IsPathRooted(program))
        {
            return program;
        }
        // tests/<project>/bin/<configuration>/net10.0
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        var name = program == "silo" ? "AgentGrid.Silo.dll" : "AgentGrid.ClientApi.dll";
        var dll = Repository.PathOf(program, "bin", here.Parent!.Name, here.Name, name);
        return File.Exists(dll) ? dll : throw new FileNotFoundException("It is not built where it was expected.", dll);
    }

    /// <summary>Starts a program, and does not wait for anything.</summary>
    /// <inheritdoc cref="DllOf" path="/param"/>
    /// <param name="folder">
    /// Where it runs. Away from the repository, so that the configuration is the one that was shipped beside the program.
    /// </param>
    /// <param name="url">Where it is to listen; null when the arguments say it, or when it is asked which port it got.</param>
    /// <param name="within">A command that runs it, such as one that enters a namespace.</param>
    public static GridProcess Launch(
        string program, string folder, IEnumerable<string> arguments, Uri? url = null,
        IReadOnlyDictionary<string, string>? variables = null, string? name = null, IReadOnlyList<string>? within = null)
    {
        string[] urls = url is null ? [] : ["--urls", url.ToString().TrimEnd('/')];
        var process = new GridProcess(
            program, folder, [.. urls, .. arguments], variables ?? new Dictionary<string, string>(), within ?? [])
        {
            Name = name ?? program,
        };
        process.Client.BaseAddress = url;
        process._shell.Start();
        process._shell.BeginOutputReadLine();
        process._shell.BeginErrorReadLine();
        return process;
    }

    /// <summary>Starts the server of one process on any free port, with its data in the folder, and waits until it is ready.</summary>
    public static async Task<GridProcess> StartServerAsync(
        string data, IReadOnlyDictionary<string, string>? variables = null)
    {
        var server = LaunchServer(data, variables: variables);
        try
        {
            await server.ReadyAsync();
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
        return server;
    }

    /// <param name="arguments">Null to listen on any free port, and to keep data in the folder.</param>
    public static GridProcess LaunchServer(
        string data, string[]? arguments = null, IReadOnlyDictionary<string, string>? variables = null) =>
        Launch("client-api", data, arguments ?? ["--urls", "http://127.0.0.1:0", "--data", data], variables: variables);

    /// <summary>Waits until it has said that it listens; fails when it ends instead.</summary>
    public async Task ListeningAsync()
    {
        await Limits.WithinAsync(
            Task.WhenAny(_listening.Task, Exited), () => $"the start; it said:\n{Output}");
        Assert.True(_listening.Task.IsCompleted, $"The program has ended:\n{Output}");
    }

    public Task ReadyAsync() => EventuallyAsync(IsReadyAsync, "it was never ready");

    public async Task<bool> IsReadyAsync()
    {
        if (Client.BaseAddress is null)
        {
            return false;
        }
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
        Assert.Equal(0, SendSignal(await _pid.Task.WaitAsync(Limits.Patience), signal));

    /// <summary>SIGKILL: the process does not get to do anything any more.</summary>
    public async Task KillAsync()
    {
        await SignalAsync(Kill);
        await ExitCodeAsync();
    }

    public async Task<int> ExitCodeAsync()
    {
        await Limits.WithinAsync(Exited, () => $"the end. {OutputSince(DateTimeOffset.MinValue)}");
        return await Exited;
    }

    /// <summary>Waits until the process has ended by itself, and checks that it has written a text.</summary>
    public async Task ExitsSayingAsync(string text)
    {
        await ExitCodeAsync();
        Assert.Contains(text, Output, StringComparison.Ordinal);
    }

    /// <summary>Asks again and again until the answer is yes.</summary>
    public async Task EventuallyAsync(Func<Task<bool>> condition, string otherwise)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            if (clock.Elapsed > Limits.Patience || HasExited)
            {
                throw new TimeoutException($"After {clock.Elapsed}, {otherwise}. {OutputSince(DateTimeOffset.MinValue)}");
            }
            await timer.WaitForNextTickAsync();
        }
    }

    /// <summary>What the process has written since then; no more than a person can read.</summary>
    public string OutputSince(DateTimeOffset time)
    {
        var shown = Lines.Where(l => l.At >= time).Take(MostShown);
        return $"--- {Name}:\n{string.Concat(shown.Select(static l => $"{l.At:HH:mm:ss.fff} {Shorten(l.Text)}\n"))}";
    }

    public async ValueTask DisposeAsync()
    {
        if (!HasExited)
        {
            _shell.StandardInput.Close();
            await ExitCodeAsync();
        }
        _shell.Dispose();
        Client.Dispose();
    }

    private async Task<int> ExitAsync()
    {
        await _shell.WaitForExitAsync();
        return _shell.ExitCode;
    }

    private static string Shorten(string line) => line.Length > MostOfLine ? line[..MostOfLine] + "..." : line;

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }
        if (!_pid.Task.IsCompleted && line.StartsWith("pid ", StringComparison.Ordinal))
        {
            _pid.TrySetResult(int.Parse(line.AsSpan(4), CultureInfo.InvariantCulture));
            return;
        }
        lock (_gate)
        {
            _lines.Add((DateTimeOffset.UtcNow, line));
        }
        if (!_listening.Task.IsCompleted && Listening().Match(line) is { Success: true } match)
        {
            Client.BaseAddress ??= new Uri(match.Groups[1].Value);
            _listening.TrySetResult();
        }
    }

    [GeneratedRegex("(?:listens on|listening on:) (https?://[^ ,;]+)")]
    private static partial Regex Listening();

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int SendSignal(int pid, int signal);
}
