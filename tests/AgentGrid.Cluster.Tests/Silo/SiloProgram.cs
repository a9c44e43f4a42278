using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using AgentGrid.Cluster.Tests.Hosting;
using AgentGrid.Conformance;
using AgentGrid.RunLog.Tests.Hosting;

namespace AgentGrid.Cluster.Tests.Silo;

/// <summary>The program, as a process of its own.</summary>
internal sealed class SiloProgram : IAsyncDisposable
{
    // The process goes when its input is closed: with these tests, however they end. Its exit code is written down.
    private const string Guarded =
        "exec 3<&0; \"$@\" 3<&- 2>&1 & p=$!; echo \"pid $p\"; (cat <&3; kill -9 $p) >/dev/null 2>&1 & " +
        "wait $p; echo \"exit $?\"";

    private static readonly string Wait = $"?wait={Limits.Patience.TotalSeconds}s";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-silo-");
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource<int> _id = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private SiloProgram(string redis, int port, string[] environment, string[] options)
    {
        Port = port;
        var start = new ProcessStartInfo("/bin/sh")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder.FullName,
        };
        string[] arguments =
        [
            "-c", Guarded, "sh", "env", .. environment, "dotnet", Path.Combine(AppContext.BaseDirectory, "AgentGrid.Silo.dll"),
            "--redis", redis, .. options,
        ];
        Array.ForEach(arguments, start.ArgumentList.Add);
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, e) => Take(e.Data);
        _process.ErrorDataReceived += (_, e) => Take(e.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Where it listens for HTTP.</summary>
    public int Port { get; }

    public HttpClient Http => field ??= new HttpClient
    {
        BaseAddress = new Uri($"http://127.0.0.1:{Port}"),
        Timeout = 2 * Limits.Patience,
    };

    /// <summary>The exit code, when it has ended.</summary>
    public Task<int> Exited => _exited.Task;

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

    /// <summary>Starts the program with a port for HTTP, and does not wait for it.</summary>
    public static SiloProgram Launch(string redis, params string[] options) => LaunchIn([], redis, options);

    /// <summary>The same with variables of the environment, as <c>NAME=value</c>.</summary>
    public static SiloProgram LaunchIn(string[] environment, string redis, params string[] options) =>
        LaunchAt(FreePorts.Next(), environment, redis, options);

    /// <summary>The same with a port for HTTP that is chosen already.</summary>
    public static SiloProgram LaunchAt(int port, string[] environment, string redis, params string[] options) =>
        new(redis, port, environment, ["--urls", $"http://127.0.0.1:{port}", .. options]);

    /// <summary>Starts the program in a cluster of its own in the tests' Redis, and waits until it is there.</summary>
    public static Task<SiloProgram> StartAsync(string cluster, params string[] options) =>
        StartedAsync(Launch(SharedRedis.Address, ["--cluster-id", cluster, .. options]));

    /// <summary>Waits until the program is there.</summary>
    public static async Task<SiloProgram> StartedAsync(SiloProgram program)
    {
        try
        {
            // After a kill it waits for the silence of its predecessor first, and other tests have the processors too.
            await Limits.WithinAsync(
                Task.WhenAny(program._started.Task, program.Exited), () => $"the start; it said:\n{program.Output}");
            Assert.True(program._started.Task.IsCompleted, $"The program has ended:\n{program.Output}");
            return program;
        }
        catch
        {
            await program.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends a signal: <c>TERM</c>, <c>KILL</c>, <c>STOP</c>, <c>CONT</c>.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{await _id.Task}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Posts a run of one step; the answer of the API.</summary>
    /// <param name="toTheEnd">Waits for the end of the run.</param>
    public async Task<JsonElement> PostAsync(
        string match, string agent, object input, bool toTheEnd = false, string round = "1")
    {
        var (status, text) = (HttpStatusCode.ServiceUnavailable, "");
        await Limits.EventuallyAsync(
            async () =>
            {
                using var response = await Http.PostAsJsonAsync($"/api/v1/orchestrate{(toTheEnd ? Wait : "")}", new
                {
                    match_id = match,
                    round,
                    plan = new { steps = new { only = new { agent, input } } },
                });
                (status, text) = (response.StatusCode, await response.Content.ReadAsStringAsync());
                // As every client does that is told to come again: a silo that has just started may be slow.
                return status != HttpStatusCode.ServiceUnavailable;
            },
            () => new($"{status}: {text}\n{Output}"));
        Assert.True(status is HttpStatusCode.OK or HttpStatusCode.Accepted, $"{status}: {text}\n{Output}");
        return JsonSerializer.Deserialize<JsonElement>(text);
    }

    /// <summary>Waits until it says that it is ready.</summary>
    public Task ReadyAsync() => Limits.EventuallyAsync(
        async () => (await GetAsync("/health/ready")).Status == HttpStatusCode.OK,
        async () => (await GetAsync("/health")).Text);

    public async Task<(HttpStatusCode Status, string Text)> GetAsync(string path, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", key);
        }
        using var response = await Http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Http.Dispose();
        _folder.Delete(recursive: true);
    }

    private void Take(string? line)
    {
        switch (line?.Split(' '))
        {
            case null:
                return;
            case ["pid", var id]:
                _id.SetResult(int.Parse(id));
                return;
            case ["exit", var code]:
                _exited.SetResult(int.Parse(code));
                return;
        }
        lock (_output)
        {
            _output.AppendLine(line);
        }
        if (line.Contains("Agent Grid listens on", StringComparison.Ordinal))
        {
            _started.TrySetResult();
        }
    }
}
