using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace AgentGrid.Cluster.Tests.Silo;

/// <summary>The program, as a process of its own.</summary>
internal sealed class SiloProgram : IAsyncDisposable
{
    private static readonly string Wait = $"?wait={Limits.Patience.TotalSeconds}s";
    private readonly Scratch _folder = new();
    private readonly GridProcess _process;

    private SiloProgram(int port, Dictionary<string, string> variables, string[] arguments)
    {
        Port = port;
        _process = GridProcess.Launch(
            "silo", _folder.Folder, arguments, new Uri($"http://127.0.0.1:{port}"), variables);
    }

    /// <summary>Where it listens for HTTP.</summary>
    public int Port { get; }

    public HttpClient Http => _process.Client;

    public string Output => _process.Output;

    /// <summary>Starts the program with a port for HTTP, and does not wait for it.</summary>
    public static SiloProgram Launch(string redis, params string[] options) => LaunchIn([], redis, options);

    /// <summary>The same with variables of the environment.</summary>
    public static SiloProgram LaunchIn(Dictionary<string, string> variables, string redis, params string[] options) =>
        LaunchAt(FreePorts.Next(), variables, redis, options);

    /// <summary>The same with a port for HTTP that is chosen already.</summary>
    public static SiloProgram LaunchAt(
        int port, Dictionary<string, string> variables, string redis, params string[] options) =>
        new(port, variables, ["--redis", redis, .. options]);

    /// <summary>Starts the program in a cluster of its own in the tests' Redis, and waits until it is there.</summary>
    public static Task<SiloProgram> StartAsync(string cluster, params string[] options) =>
        StartedAsync(Launch(SharedRedis.Address, ["--cluster-id", cluster, .. options]));

    /// <summary>Waits until the program is there. After a kill it waits for the silence of its predecessor first.</summary>
    public static async Task<SiloProgram> StartedAsync(SiloProgram program)
    {
        try
        {
            await program._process.ListeningAsync();
            return program;
        }
        catch
        {
            await program.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc cref="GridProcess.Exited"/>
    public Task<int> Exited => _process.Exited;

    /// <inheritdoc cref="GridProcess.SignalAsync"/>
    public Task SignalAsync(int signal) => _process.SignalAsync(signal);

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
    public Task ReadyAsync() => _process.ReadyAsync();

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
        await _process.DisposeAsync();
        _folder.Dispose();
    }
}
