using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AgentGrid.Api.Hosting;
using AgentGrid.ClientApi;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Embedded;
using AgentGrid.Engine;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Console.Tests;

/// <summary>The server with its engine, on a port and over a folder that survive a restart.</summary>
internal sealed class ConsoleServer : IAsyncDisposable
{
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("agentgrid-console-");
    private readonly string[] _args;
    private readonly bool _onPaper;
    private WebApplication? _app;
    private Uri? _url;

    private ConsoleServer(string[] args, bool onPaper)
    {
        _args = args;
        _onPaper = onPaper;
    }

    public Uri Url => _url ?? throw new InvalidOperationException("The server has not been started.");
    public HttpClient Http { get; } = new() { Timeout = TimeSpan.FromMinutes(2) };
    public IAgentGrid Grid => _app!.Services.GetRequiredService<IAgentGrid>();

    /// <summary>What is told of nodes, for a server that was started as a cluster.</summary>
    public ClusterOnPaper Cluster => (ClusterOnPaper)Grid;

    public static Task<ConsoleServer> StartAsync(params string[] args) => StartAsync(new ConsoleServer(args, false));

    /// <summary>A server that tells of several nodes.</summary>
    public static Task<ConsoleServer> StartClusterAsync() => StartAsync(new ConsoleServer([], true));

    public async Task StartAgainAsync()
    {
        var line = (CommandLine.Serve)CommandLine.Parse(
            [
                "--urls", _url?.ToString().TrimEnd('/') ?? "http://127.0.0.1:0", "--data", _data.FullName,
                "--AgentGrid:DrainTimeout", "00:00:00.1", .. _args,
            ],
            EmbeddedCommandLine.Syntax);
        _app = ApiServer.Build(line, EmbeddedComposition.Create() with { Add = AddEngine });
        await _app.StartAsync();
        if (_url is null)
        {
            _url = new Uri(_app.Urls.First());
            Http.BaseAddress = _url;
        }
    }

    public async Task StopAsync()
    {
        await _app!.StopAsync();
        await _app.DisposeAsync();
        _app = null;
    }

    /// <summary>Puts the data of another server in the place of these; both have been stopped.</summary>
    public void TakeDataOf(ConsoleServer other)
    {
        _data.Delete(recursive: true);
        _data.Create();
        foreach (var file in other._data.EnumerateFiles())
        {
            file.CopyTo(Path.Combine(_data.FullName, file.Name));
        }
    }

    /// <summary>Posts a run of a plan of its own; returns its id.</summary>
    public async Task<string> PostAsync(string match, string steps, string more = "")
    {
        var match64 = JsonSerializer.Serialize(match);
        using var content = new StringContent(
            $$"""{"match_id":{{match64}},"round":"r1","plan":{"name":"test","steps":{{steps}}}{{more}}}""",
            new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));
        using var response = await Http.PostAsync("api/v1/orchestrate", content);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.True(response.StatusCode == HttpStatusCode.Accepted, answer.ToString());
        return answer.GetProperty("run_id").GetString()!;
    }

    /// <summary>
    /// Plays runs to their ends, <c>many_0</c> first: every twentieth fails, every fourth has the plan 'quarter'.
    /// </summary>
    public async Task FillAsync(int count, string match = "many")
    {
        var input = Json.Parse("{}"u8.ToArray());
        var good = Json.Parse("""{"name":"many","steps":{"a":{"agent":"echo"}}}"""u8.ToArray());
        var bad = Json.Parse(
            """{"name":"many","steps":{"a":{"agent":"flaky","input":{"fail_times":9}}}}"""u8.ToArray());
        var quarter = Json.Parse("""{"name":"quarter","steps":{"a":{"agent":"echo"}}}"""u8.ToArray());
        for (var from = 0; from < count; from += 2000)
        {
            var results = await Task.WhenAll(Enumerable.Range(from, Math.Min(2000, count - from)).Select(
                async i =>
                {
                    var plan = i % 20 == 7 ? bad : i % 4 == 0 ? quarter : good;
                    var key = new RunKey(string.Create(CultureInfo.InvariantCulture, $"{match}_{i}"), "1");
                    var result = await Grid.SubmitAsync(new SubmitRun(key, input, InlinePlan: plan));
                    var accepted = Assert.IsType<SubmitResult.Accepted>(result);
                    return await Grid.WaitForEndAsync(accepted.Run.RunId, TimeSpan.FromMinutes(2));
                }));
            Assert.All(results, run => Assert.NotNull(run?.Summary.EndedAt));
        }
    }

    /// <summary>Waits until this many attempts of an agent run.</summary>
    public async Task RunningAsync(string agent, int count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while ((await Grid.GetAgentsAsync()).Single(a => a.Config.Name == agent).Running != count)
        {
            await timer.WaitForNextTickAsync(limit.Token);
        }
    }

    public async Task<JsonElement> RunAsync(string id) => await Http.GetFromJsonAsync<JsonElement>($"api/v1/runs/{id}");

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (_app is not null)
        {
            await StopAsync();
        }
        _data.Delete(recursive: true);
    }

    private static async Task<ConsoleServer> StartAsync(ConsoleServer server)
    {
        await server.StartAgainAsync();
        return server;
    }

    private void AddEngine(WebApplicationBuilder builder)
    {
        builder.AddEngine();
        builder.Services.AddAgentGrid().AddAgent<HoldAgent>().AddAgent<BrokenAgent>().AddAgent<ArtistAgent>();
        builder.Logging.ClearProviders();
        if (_onPaper)
        {
            builder.Services.AddSingleton<IAgentGrid>(
                services => new ClusterOnPaper(services.GetRequiredService<EmbeddedGrid>()));
        }
    }
}
