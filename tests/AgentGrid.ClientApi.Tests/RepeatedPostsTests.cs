using System.Net.Http.Headers;
using AgentGrid.Api.Hosting;
using AgentGrid.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AgentGrid.ClientApi.Tests;

/// <summary>
/// Streams of runs whose posts are repeated all the time, as by callers that do not trust the network: each repetition is
/// told in the stream, after the end of the run too, and all streams end nevertheless.
/// </summary>
[Collection(nameof(Alone))]
public sealed class RepeatedPostsTests : IAsyncLifetime
{
    private const int Runs = 16;
    private const int Readers = 6;
    private const int Posters = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-repeated-");
    private WebApplication _app = null!;
    private HttpClient _http = null!;

    public async ValueTask InitializeAsync()
    {
        var config = _folder.CreateSubdirectory("config");
        await File.WriteAllTextAsync(
            Path.Combine(config.FullName, "agents.yaml"), "agents: { delay: { capabilities: [delay] } }");
        var line = (CommandLine.Serve)ServerProgram.Parse([
            "--urls", "http://127.0.0.1:0", "--data", Path.Combine(_folder.FullName, "data"), "--config", config.FullName,
            "--AgentGrid:Synchronous", "Normal", "--AgentGrid:DrainTimeout", "00:00:01"]);
        _app = ServerProgram.Build(line, builder =>
        {
            builder.AddEngine();
            builder.Logging.ClearProviders();
        });
        await _app.StartAsync();
        var server = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        _http = new HttpClient { BaseAddress = new Uri(server), Timeout = Patience };
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Streams_OfRunsThatArePostedAgainAndAgain_AllEnd()
    {
        using var enough = new CancellationTokenSource();
        var bodies = Enumerable.Range(0, Runs).Select(BodyOf).ToArray();
        var runs = await Task.WhenAll(bodies.Select(PostAsync));
        var posting = Enumerable.Range(0, Posters).Select(i => Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                await PostAsync(bodies[i % Runs]);
            }
        })).ToArray();

        var streams = runs.SelectMany(run => Enumerable.Range(0, Readers).Select(_ => ReadToEndAsync(run))).ToArray();
        var all = Task.WhenAll(streams);
        var ended = await Task.WhenAny(all, Task.Delay(Patience)) == all;
        var open = streams.Count(s => !s.IsCompleted);
        await enough.CancelAsync();
        await Task.WhenAll(posting);

        Assert.True(ended, $"{open} of {streams.Length} streams are still open");
        Assert.All(await all, text =>
        {
            Assert.Contains("\"stage\":\"completed\"", text);
            Assert.Contains("\"stage\":\"skipped\"", text);
        });
    }

    private static string BodyOf(int i) => Json.From(new
    {
        match_id = "m",
        round = i,
        plan = new { steps = new { a = new { agent = "delay", input = new { ms = 500 } } } },
    }).ToString();

    private async Task<RunId> PostAsync(string body)
    {
        using var content = new StringContent(body, new MediaTypeHeaderValue("application/json"));
        using var response = await _http.PostAsync("/api/v1/orchestrate", content);
        response.EnsureSuccessStatusCode();
        return RunId.Parse((await response.JsonAsync()).Text("run_id"));
    }

    private async Task<string> ReadToEndAsync(RunId run)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/runs/{run}/events");
        request.Headers.Accept.ParseAdd("text/event-stream");
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return await response.Content.ReadAsStringAsync();
    }
}
