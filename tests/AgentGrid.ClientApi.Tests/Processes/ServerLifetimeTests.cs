using System.Net;
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
        await using var server = await GridProcess.StartServerAsync(_data.FullName);
        await using var feed = Follower.Start(() => server.Url);

        var run = await PostAsync(server, QuickStart.Body);
        await feed.SeenAsync(run, "completed");

        var events = feed.Events.Where(e => e.Run == run).ToArray();
        var stages = events.Select(static e => e.Stage).ToArray();
        string[] inOrder =
        [
            "orchestration:started", "perception:start", "perception:done", "prompt_generator:start", "prompt:done",
            "motion:speculative_start", "motion_generator:start", "motion:done", "quality_scorer:start", "validators:done",
            "completed",
        ];
        Assert.Equal(inOrder, stages.Where(inOrder.Contains));
        Assert.Contains("kinematics_validator:start", stages);
        Assert.Contains("timing_validator:start", stages);
        Assert.True(
            JsonElement.Parse(events[^1].Json).GetProperty("meta").GetProperty("frames").GetInt32() > 0, events[^1].Json);
        Assert.True(_data.GetFiles("agentgrid.db").Length == 1, "The journal is not in the folder given with --data.");
    }

    [Fact]
    public async Task SecondServer_OnTheSameData_RefusesToStartAndSaysWhy()
    {
        await using var first = await GridProcess.StartServerAsync(_data.FullName);
        await using var second = GridProcess.LaunchServer(_data.FullName);

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
        await using (var server = await GridProcess.StartServerAsync(_data.FullName))
        {
            await using var feed = Follower.Start(() => server.Url);
            run = await PostAsync(server, Delay(ms: 1_000));
            await feed.SeenAsync(run, "delay:start");

            await server.SignalAsync(GridProcess.Terminate);

            Assert.Equal(0, await server.ExitCodeAsync());
        }
        await using var again = await GridProcess.StartServerAsync(_data.FullName);
        await using var feedAgain = Follower.Start(() => again.Url);
        await feedAgain.SeenAsync(run, "completed");
        Assert.Single(feedAgain.Events, static e => e.Stage == "delay:start");
    }

    [Fact]
    public async Task Interrupt_Twice_DoesNotWaitForAttempts()
    {
        await using var server = await GridProcess.StartServerAsync(_data.FullName);
        await using var feed = Follower.Start(() => server.Url);
        var run = await PostAsync(server, Delay(ms: 50_000));
        await feed.SeenAsync(run, "delay:start");
        var clock = System.Diagnostics.Stopwatch.StartNew();

        await server.SignalAsync(GridProcess.Interrupt);
        await server.EventuallyAsync(async () => !await server.IsReadyAsync(), "it was still ready after SIGINT");
        await server.SignalAsync(GridProcess.Interrupt);
        await server.ExitCodeAsync();

        // Attempts are waited for up to 30 s.
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(25), $"It took {clock.Elapsed}:\n{server.Output}");
    }

    private static string Delay(int ms) => $$"""
        {"match_id": "slow", "round": "1", "plan": {"steps": {"a": {"agent": "delay", "input": {"ms": {{ms}} } } } } }
        """;

    private static async Task<string> PostAsync(GridProcess server, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await server.Client.PostAsync("api/v1/orchestrate", content);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Accepted, $"{(int)response.StatusCode} {text}");
        return JsonElement.Parse(text).GetProperty("run_id").GetString()!;
    }
}
