using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AgentGrid.Api.Security;
using AgentGrid.Core;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.ClientApi.Tests;

public sealed class OrchestrateTests
{
    private const string Path = "/api/v1/orchestrate";
    private const string Body = """{"match_id":"match_123","round":"round_4","grid_snapshot":{"players":[]}}""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Post_NewKey_AnswersAcceptedWithLinks()
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.PostAsync(Path, Body);

        var json = await response.JsonAsync();
        var id = json.Text("run_id");
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal($"/api/v1/runs/{id}", response.Headers.Location?.ToString());
        Assert.Equal("queued", json.Text("status"));
        Assert.Equal("match_123", json.Text("match_id"));
        Assert.Equal("round_4", json.Text("round"));
        Assert.Equal("p", json.Text("plan"));
        Assert.Equal("v1", json.Text("plan_version"));
        Assert.False(json.GetProperty("replayed").GetBoolean());
        Assert.Equal($"/api/v1/runs/{id}/events", json.GetProperty("links").Text("events"));
        Assert.Equal($"/ws/agents?after=0&run_id={id}", json.GetProperty("links").Text("ws"));
        Assert.Equal(Body, server.Grid.Submitted[0].Input.ToString());
    }

    [Fact]
    public async Task Post_EveryField_IsHandedOn()
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.PostAsync(Path, """
             { "plan" : {"steps": {"a": {"agent": "echo"}}}, "match_id" : "m\u00e9", "round" : 7,
               "priority": -5, "input": {"x": 1}, "extra": [1, 2] }
            """);

        var submit = Assert.Single(server.Grid.Submitted);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal(new RunKey("mé", "7"), submit.Key);
        Assert.Equal("""{"steps": {"a": {"agent": "echo"}}}""", submit.InlinePlan?.ToString());
        Assert.Null(submit.Plan);
        Assert.Equal(-5, submit.Priority);
        Assert.Equal(
            """{"match_id" : "m\u00e9","round":"7","input": {"x": 1},"extra": [1, 2]}""", submit.Input.ToString());
    }

    [Fact]
    public async Task Post_Later_IsHandedOnAndAnsweredWithTheTime()
    {
        await using var server = await TestServer.StartAsync();
        var start = new DateTimeOffset(2030, 1, 5, 2, 0, 0, TimeSpan.Zero);
        const string Later = """{"match_id":"m","round":"r","start_at":"2030-01-05T03:00:00+01:00","priority":1}""";

        await server.PostAsync(Path, Later);
        var submit = Assert.Single(server.Grid.Submitted);
        var id = server.Grid.Runs.Single();
        server.Grid.Update(id, r => r with { Summary = r.Summary with { Status = RunStatus.Scheduled, StartsAt = start } });
        using var response = await server.PostAsync(Path, Later);

        Assert.Equal((start, null), (submit.StartAt, submit.Delay));
        Assert.Equal("""{"match_id":"m","round":"r"}""", submit.Input.ToString());
        foreach (var json in (JsonElement[])[
            await response.JsonAsync(), await server.Http.GetFromJsonAsync<JsonElement>($"/api/v1/runs/{id}", Token),
            (await server.Http.GetFromJsonAsync<JsonElement>("/api/v1/runs?status=scheduled", Token)).GetProperty("runs")[0]])
        {
            Assert.Equal(("scheduled", start), (json.Text("status"), json.GetProperty("starts_at").GetDateTimeOffset()));
        }
    }

    [Fact]
    public async Task Post_Webhooks_AreHandedOnAndShownWithWhatTheyWereTold()
    {
        await using var server = await TestServer.StartAsync();

        await server.PostAsync(
            Path, """{"match_id":"m","webhooks":[{"url":"https://a.example/x","on":["waiting","failed"]},{"url":"http://b/"}],"round":"r"}""");
        var submit = Assert.Single(server.Grid.Submitted);
        var id = server.Grid.Runs.Single();
        var at = new DateTimeOffset(2030, 1, 5, 2, 0, 0, TimeSpan.Zero);
        server.Grid.Update(id, r => r with
        {
            Webhooks =
            [
                .. submit.Webhooks.Select(w => new WebhookDetails(w.Url, w.On, [
                    new DeliveryDetails("msg_1", WebhookEvent.Waiting, at, "s", DeliveryState.Pending, 2, "It answered 500.", at)])),
            ],
        });
        var run = await server.Http.GetFromJsonAsync<JsonElement>($"/api/v1/runs/{id}", Token);

        Assert.Equal("""{"match_id":"m","round":"r"}""", submit.Input.ToString());
        Assert.Equal(
            """
            [{"url":"https://a.example/x","on":["failed","waiting"],"deliveries":[{"id":"msg_1","event":"waiting","at":"2030-01-05T02:00:00+00:00","step":"s","state":"pending","tries":2,"last_error":"It answered 500.","next_try_at":"2030-01-05T02:00:00+00:00"}]},{"url":"http://b/","on":["completed","failed","cancelled"],"deliveries":[{"id":"msg_1","event":"waiting","at":"2030-01-05T02:00:00+00:00","step":"s","state":"pending","tries":2,"last_error":"It answered 500.","next_try_at":"2030-01-05T02:00:00+00:00"}]}]
            """, run.GetProperty("webhooks").GetRawText());
    }

    // What webhooks are told of a run is what a list says of it.
    [Fact]
    public async Task WebhookMessage_SaysOfTheRunWhatItsLineSays()
    {
        await using var server = await TestServer.StartAsync();
        await server.PostAsync(Path, """{"match_id":"m","round":"r"}""");
        var id = server.Grid.Runs.Single();
        var at = new DateTimeOffset(2030, 1, 5, 2, 0, 0, TimeSpan.Zero);
        RunSummary run = null!;
        server.Grid.Update(id, r => r with
        {
            Summary = run = r.Summary with
            {
                Status = RunStatus.Failed,
                StartsAt = at,
                StartedAt = at,
                LastStartedAt = at.AddSeconds(1),
                EndedAt = at.AddSeconds(3.5),
                Reason = "x: y",
                WaitingAttempts = 1,
                RetryingBranches = 2,
                Waits = 3,
                WaitingApprovals = 4,
                Labels = Labels.Of(("team", "blue")),
                Generation = 2,
                Supersedes = id,
                SupersededBy = id,
            },
        });
        var line = (await server.Http.GetFromJsonAsync<JsonElement>("/api/v1/runs", Token)).GetProperty("runs")[0];

        var told = WebhookMessage.Of(new WebhookDelivery
        {
            Number = 1,
            Webhook = new Webhook("https://a/", Webhook.Ends),
            Event = WebhookEvent.Failed,
            At = at,
            Run = run,
        }).Element.GetProperty("data").GetProperty("run");

        Assert.Equal(
            line.EnumerateObject().Where(static m => m.Name != "links").Select(static m => (m.Name, m.Value.GetRawText())),
            told.EnumerateObject().Where(static m => m.Name != "links").Select(static m => (m.Name, m.Value.GetRawText())));
        foreach (var link in told.GetProperty("links").EnumerateObject())
        {
            Assert.Equal(line.GetProperty("links").GetProperty(link.Name).GetString(), link.Value.GetString());
        }
    }

    [Fact]
    public async Task Post_Labels_AreHandedOnAndShownAndSearchedFor()
    {
        await using var server = await TestServer.StartAsync();

        await server.PostAsync(Path, """{"match_id":"m","round":"r","labels":{"team":"blue","env":"a:b"}}""");
        var submit = Assert.Single(server.Grid.Submitted);
        var id = server.Grid.Runs.Single();
        server.Grid.Update(id, r => r with { Summary = r.Summary with { Labels = submit.Labels } });

        Assert.Equal(("env:a:b, team:blue", """{"match_id":"m","round":"r"}"""), (submit.Labels!.ToString(), submit.Input.ToString()));
        foreach (var json in (JsonElement[])[
            await server.Http.GetFromJsonAsync<JsonElement>($"/api/v1/runs/{id}", Token),
            (await server.Http.GetFromJsonAsync<JsonElement>("/api/v1/runs?label=env:a:b&label=team:blue", Token)).GetProperty("runs")[0]])
        {
            Assert.Equal("blue", json.GetProperty("labels").Text("team"));
        }
        Assert.Equal(new RunQuery { Labels = submit.Labels }, server.Grid.LastQuery);
    }

    [Theory]
    [InlineData("null", OnConflict.Fail)]
    [InlineData("\"fail\"", OnConflict.Fail)]
    [InlineData("\"use_existing\"", OnConflict.UseExisting)]
    [InlineData("\"supersede\"", OnConflict.Supersede)]
    public async Task Post_OnConflict_IsHandedOnAndNoPartOfTheInput(string said, OnConflict expected)
    {
        await using var server = await TestServer.StartAsync();

        await server.PostAsync(Path, $$"""{"match_id":"m","on_conflict":{{said}},"round":"r"}""");

        var submit = Assert.Single(server.Grid.Submitted);
        Assert.Equal((expected, """{"match_id":"m","round":"r"}"""), (submit.OnConflict, submit.Input.ToString()));
    }

    [Fact]
    public async Task Post_OthersOfTheGroupAreThere_IsAConflictThatNamesOne()
    {
        await using var server = await TestServer.StartAsync();
        var other = server.Grid.Add("m", "1").Summary.RunId;
        server.Grid.NextSubmit = new SubmitResult.GroupFull(new RunGroup("input.player", "42", 1, ConcurrencyPolicy.Reject), other);
        server.Grid.Update(other, r => r with { WaitsFor = "somebody" });

        using var response = await server.PostAsync(Path, Body);
        var json = await response.JsonAsync();

        Assert.Equal((HttpStatusCode.Conflict, "AG2031", other.Value), (response.StatusCode, json.Text("code"), json.Text("run_id")));
        Assert.Contains("a run of the plan with input.player = 42", json.Text("detail"), StringComparison.Ordinal);
        Assert.Equal("somebody", (await server.GetJsonAsync($"/api/v1/runs/{other}")).Text("waits_for"));
    }

    // What the guide says, as it says it.
    [Fact]
    public async Task Post_LaterAsInTheGuide_IsReadAsADelay()
    {
        await using var server = await TestServer.StartAsync();
        var guide = await File.ReadAllTextAsync(Telemetry.MetricsTests.PathOf("docs/api.md"), Token);
        var example = guide[guide.IndexOf("{\"match_id\": \"match_123\", \"round\": \"later\"", StringComparison.Ordinal)..];

        using var response = await server.PostAsync(Path, example[..(example.IndexOf('}', StringComparison.Ordinal) + 1)]);

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal(TimeSpan.FromMinutes(10), Assert.Single(server.Grid.Submitted).Delay);
    }

    [Fact]
    public async Task Post_PlanByNameFirstAndNulls_AreRead()
    {
        await using var server = await TestServer.StartAsync();

        await server.PostAsync(Path, """{"plan":"quick","match_id":"m","round":"r","priority":null,"input":null}""");

        var submit = Assert.Single(server.Grid.Submitted);
        Assert.Equal("quick", submit.Plan);
        Assert.Equal("""{"match_id":"m","round":"r","input":null}""", submit.Input.ToString());
    }

    [Fact]
    public async Task Post_SameBodyAgain_AnswersWithTheSameRun()
    {
        await using var server = await TestServer.StartAsync();
        var first = await (await server.PostAsync(Path, Body)).JsonAsync();

        using var response = await server.PostAsync(Path, Body);

        var json = await response.JsonAsync();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(json.GetProperty("replayed").GetBoolean());
        Assert.Equal(first.Text("run_id"), json.Text("run_id"));
    }

    [Fact]
    public async Task Post_OtherBodyForTheKey_SaysWhatDiffers()
    {
        await using var server = await TestServer.StartAsync();
        await server.PostAsync(Path, Body);

        using var response = await server.PostAsync(Path, Body.Replace("[]", "[{}]"));

        var json = await response.JsonAsync();
        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        Assert.Equal("AG2030", json.Text("code"));
        Assert.Equal("grid_snapshot.players[0].role", json.GetProperty("differences")[0].GetString());
    }

    [Theory]
    [InlineData("?wait=20s", null)]
    [InlineData("", "respond-async, wait=20")]
    public async Task Post_WaitAndTheRunEnds_AnswersWithTheResult(string query, string? prefer)
    {
        await using var server = await TestServer.StartAsync();
        if (prefer is not null)
        {
            server.Http.DefaultRequestHeaders.Add("Prefer", prefer);
        }
        var answer = server.PostAsync(Path + query, Body);
        await server.Grid.UntilAsync(g => g.Submitted.Count == 1 || answer.IsCompleted);
        var run = (await server.Grid.ListRunsAsync(new RunQuery())).Runs[0];

        server.Grid.End(run.RunId);
        using var response = await answer;

        var json = await response.JsonAsync();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("completed", json.Text("status"));
        Assert.Equal(90, json.GetProperty("result").GetProperty("frames").GetInt32());
        Assert.False(json.GetProperty("replayed").GetBoolean());
    }

    [Fact]
    public async Task Post_WaitOnReplay_WaitsToo()
    {
        await using var server = await TestServer.StartAsync();
        await server.PostAsync(Path, Body);
        server.Grid.End((await server.Grid.ListRunsAsync(new RunQuery())).Runs[0].RunId);

        using var response = await server.PostAsync(Path + "?wait=5", Body);

        var json = await response.JsonAsync();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(json.GetProperty("replayed").GetBoolean());
        Assert.Equal("completed", json.Text("status"));
    }

    [Fact]
    public async Task Post_WaitTooShort_AnswersAccepted()
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.PostAsync(Path + "?wait=20ms", Body);

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal("queued", (await response.JsonAsync()).Text("status"));
    }

    [Fact]
    public async Task Post_NoRoomToWait_AnswersAtOnce()
    {
        await using var server = await TestServer.StartAsync("--AgentGrid:MaxConcurrentWaits=0");

        using var response = await server.PostAsync(Path + "?wait=25s", Body);

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
    }

    [Fact]
    public async Task Post_Overloaded_SaysWhenToTryAgain()
    {
        await using var server = await TestServer.StartAsync();
        server.Grid.NextSubmit = new SubmitResult.Overloaded(TimeSpan.FromSeconds(1.2), "10000 runs wait already.");

        using var response = await server.PostAsync(Path, Body);

        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(2), response.Headers.RetryAfter?.Delta);
        Assert.Equal("AG2050", (await response.JsonAsync()).Text("code"));
    }

    [Fact]
    public async Task Post_OverloadedAgainAndAgain_IsLoggedOnceWithTheKeyAndTheReason()
    {
        await using var server = await TestServer.StartAsync(
            "--AgentGrid:ApiKeys:0:Name=flood", $"--AgentGrid:ApiKeys:0:Hash={KeyHash.Of("a-key-that-floods")}");
        server.Http.DefaultRequestHeaders.Add("X-Api-Key", "a-key-that-floods");
        for (var i = 0; i < 3; i++)
        {
            server.Grid.NextSubmit = new SubmitResult.Overloaded(TimeSpan.FromSeconds(1), "It has 56 of 63 runs.");
            using var response = await server.PostAsync(Path, Body);
            Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        }

        var line = Assert.Single(server.Log.Lines, l => l.ToString().Contains("Too many runs", StringComparison.Ordinal));
        Assert.Contains("'flood'", line.Text, StringComparison.Ordinal);
        Assert.Contains("It has 56 of 63 runs.", line.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_Unavailable_Answers503()
    {
        await using var server = await TestServer.StartAsync();
        server.Grid.NextSubmit = new SubmitResult.Unavailable("The engine is stopping.");

        using var response = await server.PostAsync(Path, Body);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal("The engine is stopping.", (await response.JsonAsync()).Text("detail"));
    }

    [Fact]
    public async Task Post_InvalidPlan_ListsEveryMistake()
    {
        await using var server = await TestServer.StartAsync();
        server.Grid.NextSubmit = new SubmitResult.Invalid([
            new ConfigProblem(null, 0, 0, "plan.steps.a.needs[0]", "AG1002", "There is no step 'b'."),
            new ConfigProblem(null, 0, 0, "plan.steps.c", "AG1003", "It has no agent."),
        ]);

        using var response = await server.PostAsync(Path, Body);

        var json = await response.JsonAsync();
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("AG2011", json.Text("code"));
        Assert.Equal("plan.steps.a.needs[0]", json.Text("field"));
        Assert.Equal("AG1003", json.GetProperty("errors")[1].Text("code"));
    }

    [Fact]
    public async Task Post_EngineThrows_Answers500WithoutItsWords()
    {
        await using var server = await TestServer.StartAsync();
        server.Grid.NextFailure = new InvalidOperationException("secret");

        using var response = await server.PostAsync(Path, Body);

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal("AG2000", (await response.JsonAsync()).Text("code"));
        Assert.DoesNotContain("secret", await response.Content.ReadAsStringAsync());
        Assert.Contains(server.Log.Lines, l => l.ToString().StartsWith("Error: POST /api/v1/orchestrate") && l.ToString().Contains("secret"));
    }

    [Fact]
    public async Task Post_EngineIsAway_Answers503WithTheReason()
    {
        await using var server = await TestServer.StartAsync();
        server.Grid.NextFailure = new GridUnavailableException("Redis is away: start it.");

        using var response = await server.PostAsync(Path, Body);

        var problem = await response.JsonAsync();
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "AG2051"), (response.StatusCode, problem.Text("code")));
        Assert.Equal("Redis is away: start it.", problem.Text("detail"));
    }

    [Fact]
    public async Task Post_Accepted_LogsNothing()
    {
        await using var server = await TestServer.StartAsync();
        var before = server.Log.Lines.Count;

        await server.PostAsync(Path, Body);

        // Kestrel has its say when the machine has stood still.
        Assert.DoesNotContain(
            server.Log.Lines.Skip(before), l => !l.ToString().Contains("heartbeat", StringComparison.OrdinalIgnoreCase));
    }
}
