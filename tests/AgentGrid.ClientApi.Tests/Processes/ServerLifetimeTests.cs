using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace AgentGrid.ClientApi.Tests.Processes;

/// <summary>How the built server starts and stops, as its operator sees it.</summary>
public sealed class ServerLifetimeTests : IDisposable
{
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("agentgrid-life-");

    public void Dispose() => _data.Delete(recursive: true);

    [Fact]
    public async Task QuickStart_Posted_CompletesWithFramesAndTheKnownStages()
    {
        await using var server = await ServerProcess.StartAsync(_data.FullName);
        using var stop = new CancellationTokenSource();
        var feed = new FeedClient();
        var reading = feed.ReadAsync(server.Url, stop.Token);

        var run = await PostAsync(server, QuickStart.Body);
        await feed.SeenAsync(run, "completed");

        var events = feed.Events.Where(e => FeedClient.RunOf(e) == run).ToArray();
        var stages = events.Select(FeedClient.StageOf).ToArray();
        string[] inOrder =
        [
            "orchestration:started", "perception:start", "perception:done", "prompt_generator:start", "prompt:done",
            "motion:speculative_start", "motion_generator:start", "motion:done", "quality_scorer:start", "validators:done",
            "completed",
        ];
        Assert.Equal(inOrder, stages.Where(inOrder.Contains));
        Assert.Contains("kinematics_validator:start", stages);
        Assert.Contains("timing_validator:start", stages);
        Assert.True(events[^1].GetProperty("meta").GetProperty("frames").GetInt32() > 0, events[^1].ToString());
        Assert.True(_data.GetFiles("agentgrid.db").Length == 1, "The journal is not in the folder given with --data.");
        await stop.CancelAsync();
        await reading;
    }

    [Fact]
    public async Task SecondServer_OnTheSameData_RefusesToStartAndSaysWhy()
    {
        await using var first = await ServerProcess.StartAsync(_data.FullName);
        await using var second = ServerProcess.Launch(_data.FullName);

        var code = await second.ExitCodeAsync();

        Assert.NotEqual(0, code);
        await second.ExitsSayingAsync("agentgrid.db");
        Assert.True(await first.IsReadyAsync());
        await PostAsync(first, QuickStart.Body);
    }

    [Fact]
    public async Task Term_WhileAnAttemptRuns_DrainsIt()
    {
        string run;
        await using (var server = await ServerProcess.StartAsync(_data.FullName))
        {
            var feed = new FeedClient();
            var reading = feed.ReadAsync(server.Url, CancellationToken.None);
            run = await PostAsync(server, Delay(ms: 1_000));
            await feed.SeenAsync(run, "delay:start");

            server.Signal(PosixSignal.SIGTERM);

            Assert.Equal(0, await server.ExitCodeAsync());
            await reading;
        }
        await using var again = await ServerProcess.StartAsync(_data.FullName);
        using var stop = new CancellationTokenSource();
        var feedAgain = new FeedClient();
        var readingAgain = feedAgain.ReadAsync(again.Url, stop.Token);
        await feedAgain.SeenAsync(run, "completed");
        Assert.Single(feedAgain.Events, e => FeedClient.StageOf(e) == "delay:start");
        await stop.CancelAsync();
        await readingAgain;
    }

    [Fact]
    public async Task Interrupt_Twice_DoesNotWaitForAttempts()
    {
        await using var server = await ServerProcess.StartAsync(_data.FullName);
        var feed = new FeedClient();
        var reading = feed.ReadAsync(server.Url, CancellationToken.None);
        var run = await PostAsync(server, Delay(ms: 50_000));
        await feed.SeenAsync(run, "delay:start");
        var clock = System.Diagnostics.Stopwatch.StartNew();

        server.Signal(PosixSignal.SIGINT);
        await server.EventuallyAsync(async () => !await server.IsReadyAsync(), "it was still ready after SIGINT");
        server.Signal(PosixSignal.SIGINT);
        await server.ExitCodeAsync();

        // Attempts are waited for up to 30 s.
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(25), $"It took {clock.Elapsed}:\n{server.Output}");
        await reading;
    }

    private static string Delay(int ms) => $$"""
        {"match_id": "slow", "round": "1", "plan": {"steps": {"a": {"agent": "delay", "input": {"ms": {{ms}} } } } } }
        """;

    private static async Task<string> PostAsync(ServerProcess server, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await server.Client.PostAsync("api/v1/orchestrate", content);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Accepted, $"{(int)response.StatusCode} {text}");
        return JsonElement.Parse(text).GetProperty("run_id").GetString()!;
    }
}
