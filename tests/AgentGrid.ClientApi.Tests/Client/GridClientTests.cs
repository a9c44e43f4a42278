using System.Net;
using System.Text.Json;
using AgentGrid.Api.Security;
using AgentGrid.Client;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.ClientApi.Tests.Client;

/// <summary>The client for .NET, against a server.</summary>
public sealed class GridClientTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SubmitAsync_PostsTheKeyTheInputAndTheOptions_AndFindsTheRunAgain()
    {
        await using var server = await TestServer.StartAsync();
        using var client = new GridClient(server.Address);
        var request = new RunRequest("m", "4")
        {
            Input = new { GridSnapshot = new { Players = 2 } },
            Plan = "tactical_motion",
            Priority = 7,
            Delay = TimeSpan.FromMinutes(10),
            Labels = new Dictionary<string, string> { ["team"] = "blue" },
            OnConflict = "supersede",
            Webhooks = [new RunWebhook("https://hooks.example.org/runs", ["failed"]), new RunWebhook("http://10.0.0.7:8080")],
        };

        var first = await client.SubmitAsync(request, Cancelled);
        var again = await client.SubmitAsync(request, Cancelled);

        var submitted = server.Grid.Submitted[0];
        Assert.Equal(
            ("m/4", "tactical_motion", 7, TimeSpan.FromMinutes(10), "team:blue"),
            (submitted.Key.ToString(), submitted.Plan, submitted.Priority, submitted.Delay, submitted.Labels?.ToString()));
        Assert.Equal(OnConflict.Supersede, submitted.OnConflict);
        Assert.Equal(
            ["https://hooks.example.org/runs Failed", "http://10.0.0.7:8080 Completed, Failed, Cancelled"],
            submitted.Webhooks.Select(w => $"{w.Url} {string.Join(", ", w.On)}"));
        Assert.Equal(2, submitted.Input.Element.GetProperty("grid_snapshot").GetProperty("players").GetInt32());
        Assert.Equal((first.RunId, false, true), (again.RunId, first.Replayed, again.Replayed));
    }

    [Theory]
    [InlineData("article-17", "article-17/1")]
    [InlineData("a/b/c", "a/b/c")]
    public async Task SubmitAsync_OfOneText_GivesAgentsTheInputAlone(string key, string submittedKey)
    {
        await using var server = await TestServer.StartAsync();
        using var client = new GridClient(server.Address);
        var request = new RunRequest(key) { Input = new { Text = "long" }, Plan = "summary" };

        await client.SubmitAsync(request, Cancelled);

        var submitted = Assert.Single(server.Grid.Submitted);
        Assert.Equal((submittedKey, submittedKey), ($"{request.MatchId}/{request.Round}", submitted.Key.ToString()));
        Assert.Equal(("summary", """{"text":"long"}"""), (submitted.Plan, submitted.Input.ToString()));
    }

    [Fact]
    public async Task SubmitAsync_OfAKeyThatIsTaken_ThrowsTheProblemWithWhatDiffers()
    {
        await using var server = await TestServer.StartAsync();
        using var client = new GridClient(server.Address);
        await client.SubmitAsync(new RunRequest("m", "4"), Cancelled);

        var refused = await Assert.ThrowsAsync<GridProblemException>(
            () => client.SubmitAsync(new RunRequest("m", "4") { Input = new { A = 1 } }, Cancelled));

        Assert.Equal((HttpStatusCode.Conflict, "AG2030"), (refused.Status, refused.Code));
        Assert.Equal(["grid_snapshot.players[0].role"], refused.Differences);
    }

    [Fact]
    public async Task SubmitAsync_WhereThereIsNoRoom_ComesBackWhenTheServerSays()
    {
        await using var server = await TestServer.StartAsync();
        var time = new ManualTime();
        using var client = new GridClient(
            server.Address, new GridClientOptions { Time = time, Timeout = TimeSpan.FromDays(1), Patience = TimeSpan.FromMinutes(2) });
        server.Grid.NextSubmit = new SubmitResult.Overloaded(TimeSpan.FromSeconds(50), "full");

        var submitting = client.SubmitAsync(new RunRequest("m", "4"), Cancelled);
        await Limits.UntilAsync(() => server.Grid.Submitted.Count == 1, () => "nothing was posted");
        server.Grid.NextSubmit = null;
        await Limits.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return submitting.IsCompleted;
            },
            () => $"{server.Grid.Submitted.Count} posts after {time.Passed}");

        Assert.False((await submitting).Replayed);
        Assert.Equal(2, server.Grid.Submitted.Count);
        Assert.True(time.Passed >= TimeSpan.FromSeconds(50));
    }

    [Fact]
    public async Task WaitForEndAsync_FollowsTheRunToItsEnd_AndHasItsResult()
    {
        await using var server = await TestServer.StartAsync();
        using var client = new GridClient(server.Address);
        var run = server.Grid.Add().Summary.RunId;
        server.Grid.Publish(run, "orchestration:accepted");

        var waiting = client.WaitForEndAsync(run.ToString(), Cancelled);
        await server.Grid.UntilAsync(g => g.Followers > 0);
        Assert.False(waiting.IsCompleted);
        server.Grid.End(run);
        server.Grid.Publish(run, "completed", ends: true);
        var ended = await waiting;

        Assert.Equal(90, ended.ResultAs<Animation>()!.Frames);
        Assert.Equal("completed", ended.Json.GetProperty("status").GetString());
    }

    [Fact]
    public async Task FollowAsync_AfterANumber_GoesOnBehindIt_AndEndsWithTheRun()
    {
        await using var server = await TestServer.StartAsync();
        using var client = new GridClient(server.Address);
        var run = server.Grid.Add().Summary.RunId;
        foreach (var stage in (string[])["a:start", "a:done", "completed"])
        {
            server.Grid.Publish(run, stage, ends: stage == "completed");
        }
        server.Grid.End(run);

        var seen = await client.FollowAsync(run.ToString(), after: 1, Cancelled).ToListAsync(Cancelled);

        Assert.Equal([(2L, "a:done"), (3L, "completed")], seen.Select(e => (e.Seq, e.Stage)));
    }

    [Fact]
    public async Task Commands_SayWhatTheyAreTold()
    {
        await using var server = await TestServer.StartAsync();
        using var client = new GridClient(server.Address);
        var run = server.Grid.Add().Summary.RunId.ToString();

        await client.SignalAsync(run, "payment", new { AmountPaid = 3 }, key: "order-7", cancellationToken: Cancelled);
        var signal = Assert.IsType<RunCommand.Signal>(server.Grid.LastCommand);
        await client.ApproveAsync(run, "review", new { Stars = 4 }, "fine", cancellationToken: Cancelled);
        var approval = Assert.IsType<RunCommand.Signal>(server.Grid.LastCommand);
        await client.RetryAsync(run, "a", Cancelled);
        var retry = Assert.IsType<RunCommand.Retry>(server.Grid.LastCommand);
        var cancelled = await client.CancelAsync(run, "no more", Cancelled);

        Assert.Equal(("payment", "order-7", """{"amount_paid":3}"""), (signal.Name, signal.Key, signal.Data.ToString()));
        Assert.Equal(("review", """{"approved":true,"comment":"fine","values":{"stars":4}}"""), (approval.Name, approval.Data.ToString()));
        Assert.NotNull(approval.Key);
        Assert.Equal("a", retry.FromStep);
        Assert.Equal(new RunCommand.Cancel("no more"), server.Grid.LastCommand);
        Assert.Equal((true, "cancelled"), (cancelled.Changed, cancelled.Run.Status));
    }

    [Fact]
    public async Task Requests_CarryTheKey()
    {
        const string Key = "reader-key";
        await using var server = await TestServer.StartAsync(
            "--AgentGrid:ApiKeys:0:Name=reader", $"--AgentGrid:ApiKeys:0:Hash={KeyHash.Of(Key)}", "--AgentGrid:ApiKeys:0:Scopes:0=read");
        var run = server.Grid.Add().Summary.RunId.ToString();
        using var stranger = new GridClient(server.Address);
        using var known = new GridClient(server.Address, new GridClientOptions { ApiKey = Key });

        var refused = await Assert.ThrowsAsync<GridProblemException>(() => stranger.GetRunAsync(run, Cancelled));

        Assert.Equal(("AG2040", run), (refused.Code, (await known.GetRunAsync(run, Cancelled)).RunId));
    }

    [Fact]
    public void ResultAs_OfARunThatFailed_ThrowsWhy()
    {
        var run = new Run
        {
            RunId = "1",
            MatchId = "m",
            Round = "r",
            Plan = "p",
            Status = "failed",
            Error = new AgentGrid.Client.RunError("no_agent", "nobody offers it"),
        };

        var failed = Assert.Throws<RunFailedException>(() => run.ResultAs<JsonElement>());

        Assert.Equal("no_agent", failed.Code);
        Assert.Equal("Run 1 ('m/r') failed: nobody offers it", failed.Message);
    }

    private sealed record Animation(int Frames);
}
