using System.Net;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Placement;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;

namespace AgentGrid.ClientApi.Tests;

public sealed class RunsTests
{
    private static readonly string UnknownId = new('0', 32);

    [Fact]
    public async Task List_Key_IsItsTwoParts()
    {
        await using var server = await TestServer.StartAsync();

        await server.GetJsonAsync("/api/v1/runs?key=a/b/c");
        Assert.Equal(new RunQuery(MatchId: "a/b", Round: "c"), server.Grid.LastQuery);
        await server.GetJsonAsync("/api/v1/runs?key=article-17");
        Assert.Equal(new RunQuery(MatchId: "article-17", Round: "1"), server.Grid.LastQuery);
        using var both = await server.Http.GetAsync(new Uri("/api/v1/runs?key=a&round=2", UriKind.Relative));
        Assert.Equal(400, (int)both.StatusCode);
    }

    [Fact]
    public async Task List_Filters_AreHandedOn()
    {
        await using var server = await TestServer.StartAsync();
        server.Grid.Add("m1", "r1");

        var json = await server.GetJsonAsync(
            "/api/v1/runs?status=Failed&match_id=m1&round=r1&plan=p&children=false&cursor=next&limit=7");

        Assert.Equal(
            new RunQuery(RunStatus.Failed, "m1", "r1", "p", "next", 7) { WithoutChildren = true }, server.Grid.LastQuery);
        Assert.Equal("next", json.Text("next"));
        Assert.Equal("m1", json.GetProperty("runs")[0].Text("match_id"));
        Assert.Equal("queued", json.GetProperty("runs")[0].Text("status"));
    }

    [Fact]
    public async Task List_FailedRun_SaysWhy()
    {
        await using var server = await TestServer.StartAsync();
        var completed = server.Grid.Add("m1", "r1").Summary.RunId;
        var failed = server.Grid.Add("m1", "r2").Summary.RunId;
        server.Grid.End(completed);
        server.Grid.Update(failed, r => r with
        {
            Summary = r.Summary with { Status = RunStatus.Failed, Reason = "broken: it broke" },
        });

        var runs = (await server.GetJsonAsync("/api/v1/runs")).GetProperty("runs");
        var details = await server.GetJsonAsync($"/api/v1/runs/{failed}");

        Assert.False(runs[0].TryGetProperty("reason", out _));
        Assert.Equal("broken: it broke", runs[1].Text("reason"));
        Assert.False(details.TryGetProperty("reason", out _));
        Assert.False(details.TryGetProperty("submitted_by", out _));
    }

    [Theory]
    [InlineData("status=done", "status", "queued, running, completed, failed, cancelled")]
    [InlineData("limit=0", "limit", "from 1 to 1000")]
    [InlineData("limit=1001", "limit", "from 1 to 1000")]
    [InlineData("limit=x", "limit", "'x'")]
    [InlineData("limit=99999999999999999999", "limit", "from 1 to 1000")]
    [InlineData("cursor=bad", "cursor", "'bad' is not a cursor")]
    public async Task List_BadQuery_NamesTheParameter(string query, string field, string detail)
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.Http.GetAsync($"/api/v1/runs?{query}");

        await ExpectAsync(response, HttpStatusCode.BadRequest, "AG2008", detail);
        Assert.Equal(field, (await response.JsonAsync()).Text("field"));
    }

    [Fact]
    public async Task Get_Run_ShowsStepsAttemptsAndDecisions()
    {
        await using var server = await TestServer.StartAsync();
        var id = AddWithSteps(server.Grid);

        var json = await server.GetJsonAsync($"/api/v1/runs/{id}");

        var small = json.GetProperty("steps")[0];
        var large = json.GetProperty("steps")[1];
        Assert.Equal(id.Value, json.Text("run_id"));
        Assert.Equal("""{"steps":{"a":{"agent":"echo"}}}""", json.Text("plan_definition"));
        Assert.Equal("1970-01-01T00:00:00+00:00", json.Text("accepted_at"));
        Assert.False(json.TryGetProperty("error", out _));
        Assert.Equal("""{"n":1}""", small.Text("output"));
        Assert.Equal("timed_out", small.GetProperty("attempts")[0].Text("status"));
        Assert.Equal("Best.", small.GetProperty("attempts")[0].GetProperty("decision").Text("why"));
        Assert.False(large.TryGetProperty("output", out _));
        Assert.Equal(20_002, large.GetProperty("output_bytes").GetInt32());
        Assert.Equal(
            20_002, (await server.Http.GetByteArrayAsync(large.Text("output_link"))).Length);
    }

    [Theory]
    [InlineData("GET", "/api/v1/runs/{0}", "AG2021")]
    [InlineData("GET", "/api/v1/runs/nonsense", "AG2021")]
    [InlineData("GET", "/api/v1/runs/{0}/events", "AG2021")]
    [InlineData("GET", "/api/v1/runs/nonsense/events", "AG2021")]
    [InlineData("GET", "/api/v1/runs/{0}/steps/a/output", "AG2021")]
    [InlineData("GET", "/api/v1/runs/{1}/steps/a/output", "AG2022")]
    [InlineData("POST", "/api/v1/runs/nonsense/cancel", "AG2021")]
    [InlineData("POST", "/api/v1/runs/nonsense/retry", "AG2021")]
    [InlineData("GET", "/nowhere", "AG2020")]
    [InlineData("GET", "/api/v1", "AG2020")]
    public async Task Any_WhatIsNotThere_AnswersProblem(string method, string path, string code)
    {
        await using var server = await TestServer.StartAsync();
        path = string.Format(path, UnknownId, AddWithSteps(server.Grid));

        using var response = await server.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));

        await ExpectAsync(response, HttpStatusCode.NotFound, code, "");
    }

    [Fact]
    public async Task Any_WrongMethod_NamesTheRightOnes()
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.Http.GetAsync("/api/v1/orchestrate");

        await ExpectAsync(response, HttpStatusCode.MethodNotAllowed, "AG2023", "it takes POST");
        Assert.Contains("POST", response.Content.Headers.Allow);
    }

    [Fact]
    public async Task Cancel_WithReason_HandsItOn()
    {
        await using var server = await TestServer.StartAsync();
        var run = server.Grid.Add();

        using var response = await server.PostAsync(
            $"/api/v1/runs/{run.Summary.RunId}/cancel", """{"reason":"over"}""");

        var json = await response.JsonAsync();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(json.GetProperty("changed").GetBoolean());
        Assert.Equal("cancelled", json.GetProperty("run").Text("status"));
        Assert.Equal(new RunCommand.Cancel("over"), server.Grid.LastCommand);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"reason":null}""")]
    public async Task Cancel_WithoutReason_UsesTheUsualOne(string body)
    {
        await using var server = await TestServer.StartAsync();
        var run = server.Grid.Add();

        using var response = await server.PostAsync($"/api/v1/runs/{run.Summary.RunId}/cancel", body);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(new RunCommand.Cancel("cancelled by request"), server.Grid.LastCommand);
    }

    [Theory]
    [InlineData("[]", "AG2003")]
    [InlineData("{", "AG2001")]
    [InlineData("""{"reason":3}""", "AG2003")]
    [InlineData("""{"reason":"\ud800"}""", "AG2005")]
    public async Task Cancel_BadBody_IsRefused(string body, string code)
    {
        await using var server = await TestServer.StartAsync();
        var run = server.Grid.Add();

        using var response = await server.PostAsync($"/api/v1/runs/{run.Summary.RunId}/cancel", body);

        await ExpectAsync(response, HttpStatusCode.BadRequest, code, "");
        Assert.Null(server.Grid.LastCommand);
    }

    [Fact]
    public async Task Retry_FromStep_IsHandedOn()
    {
        await using var server = await TestServer.StartAsync();
        var run = server.Grid.Add().Summary;

        await server.PostAsync($"/api/v1/runs/{run.RunId}/retry", """{"from_step": "motion"}""");

        Assert.Equal(new RunCommand.Retry("motion"), server.Grid.LastCommand);
    }

    [Fact]
    public async Task Retry_WhileFull_Answers429WithRetryAfter()
    {
        await using var server = await TestServer.StartAsync();
        var run = server.Grid.Add().Summary;
        server.Grid.NextCommand = new CommandResult.Overloaded(TimeSpan.FromSeconds(1.2), "20 runs are active or queued.");

        using var response = await server.PostAsync($"/api/v1/runs/{run.RunId}/retry", "{}");

        await ExpectAsync(response, HttpStatusCode.TooManyRequests, "AG2050", "");
        Assert.Equal(TimeSpan.FromSeconds(2), response.Headers.RetryAfter?.Delta);
    }

    [Theory]
    [InlineData("waiting_for_slot", RunActivity.WaitingForSlot)]
    [InlineData("retrying", RunActivity.Retrying)]
    public async Task List_Activity_IsHandedOn(string status, RunActivity expected)
    {
        await using var server = await TestServer.StartAsync();

        await server.GetJsonAsync($"/api/v1/runs?status={status}");

        Assert.Equal(expected, server.Grid.LastQuery!.Activity);
        Assert.Null(server.Grid.LastQuery.Status);
    }

    [Fact]
    public async Task List_Agent_IsHandedOn()
    {
        await using var server = await TestServer.StartAsync();

        await server.GetJsonAsync("/api/v1/runs?agent=motion_backup&plan=p");

        Assert.Equal(new RunQuery(Plan: "p", Agent: "motion_backup"), server.Grid.LastQuery);
    }

    [Fact]
    public async Task Retry_EveryResult_HasItsStatus()
    {
        await using var server = await TestServer.StartAsync();
        var run = server.Grid.Add().Summary;
        var path = $"/api/v1/runs/{run.RunId}/retry";

        Assert.Equal(HttpStatusCode.Accepted, (await server.PostAsync(path, "")).StatusCode);
        server.Grid.NextCommand = new CommandResult.Done(run, Changed: false);
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync(path, "")).StatusCode);
        server.Grid.NextCommand = new CommandResult.Refused(run, "AG3001", "It runs.");
        await ExpectAsync(await server.PostAsync(path, ""), HttpStatusCode.Conflict, "AG3001", "It runs.");
        server.Grid.NextCommand = new CommandResult.NotFound();
        await ExpectAsync(await server.PostAsync(path, ""), HttpStatusCode.NotFound, "AG2021", "no run");
        server.Grid.NextCommand = new CommandResult.Unavailable("Stopping.");
        await ExpectAsync(await server.PostAsync(path, ""), HttpStatusCode.ServiceUnavailable, "AG2051", "Stopping.");
    }

    [Fact]
    public async Task Get_PlacedAttempt_SaysWhichNodeAndWhy()
    {
        await using var server = await TestServer.StartAsync();
        var id = AddWithSteps(server.Grid);

        var run = await server.GetJsonAsync($"/api/v1/runs/{id.Value}");

        Assert.Equal(
            """{"node":"n1","why":"less loaded; next is 'n2'","candidates":[{"node":"n1","score":990,"free_slots":3"""
            + ""","load":0.1,"free_gpu_memory_bytes":1073741824"""
            + ""","because":"3 free slots, load 0.1, 1024 MiB of GPU memory free"}],"gpu":0}""",
            run.GetProperty("steps")[0].GetProperty("attempts")[0].GetProperty("placement").GetRawText());
    }

    private static RunId AddWithSteps(FakeGrid grid)
    {
        var id = grid.Add().Summary.RunId;
        var attempt = new AttemptDetails
        {
            Attempt = 1,
            Branch = 0,
            Agent = "echo",
            Status = AttemptStatus.TimedOut,
            QueuedAt = DateTimeOffset.UnixEpoch,
            Decision = new RoutingDecision("echo", "Best.", []),
            Placement = new PlacementDecision("n1", "less loaded; next is 'n2'", [new NodeCandidate("n1", 990, 3, 0.1, 1 << 30)], Gpu: 0),
        };
        grid.Update(id, r => r with
        {
            Steps = [
                new StepDetails
                {
                    Id = "small", Status = StepStatus.Completed, Mode = "one", Attempts = [attempt],
                    Output = Json.Parse("""{"n":1}"""),
                },
                new StepDetails
                {
                    Id = "large", Status = StepStatus.Completed, Mode = "one", Attempts = [],
                    Output = Json.Parse($"\"{new string('x', 20_000)}\""),
                }],
        });
        return id;
    }

    private static async Task ExpectAsync(
        HttpResponseMessage response, HttpStatusCode status, string code, string detail)
    {
        var json = await response.JsonAsync();
        Assert.Equal((status, code), (response.StatusCode, json.Text("code")));
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Contains(detail, json.Text("detail"));
    }
}
