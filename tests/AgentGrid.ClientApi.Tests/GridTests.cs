using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;

namespace AgentGrid.ClientApi.Tests;

public sealed class GridTests
{
    [Fact]
    public async Task Agents_Always_ShowConfigLoadAndCounts()
    {
        await using var server = await TestServer.StartAsync();

        var agent = (await server.GetJsonAsync("/api/v1/agents")).GetProperty("agents")[0];

        Assert.Equal("perception", agent.Text("name"));
        Assert.Equal(60, agent.GetProperty("timeout_seconds").GetDouble());
        Assert.Equal(5, agent.GetProperty("load").GetProperty("waiting").GetInt32());
        Assert.Equal(7, agent.GetProperty("counts").GetProperty("succeeded").GetInt64());
        Assert.Equal(2, agent.GetProperty("latency_ms").GetProperty("p95_ms").GetDouble());
        Assert.Equal("Sees.", agent.Text("description"));
        Assert.Equal("""{"type":"object"}""", agent.GetProperty("input_schema").GetRawText());
        Assert.Equal("""{"required":["players"]}""", agent.GetProperty("output_schema").GetRawText());
        Assert.Equal(2, agent.GetProperty("load").GetProperty("abandoned").GetInt32());
        var abandoned = agent.GetProperty("abandoned_attempts");
        Assert.Equal(("m", "a", 2), (abandoned[0].Text("match_id"), abandoned[0].Text("step"), abandoned[0].GetProperty("attempt").GetInt32()));
        Assert.Equal("1970-01-01T00:00:10+00:00", abandoned[0].Text("slot_held_until"));
        Assert.False(abandoned[1].TryGetProperty("slot_held_until", out _), "its slot is free again");
        Assert.Equal(
            """{"text":"60/m, burst 10","requests":60,"per_seconds":60,"burst":10,"left":0,"next_in_seconds":0.75}""",
            agent.GetProperty("rate_limit").GetRawText());
        Assert.Equal("""{"failures":5,"cooldown_seconds":30}""", agent.GetProperty("breaker").GetRawText());
        Assert.Equal("""{"in_a_row":5,"next_try_in_seconds":12}""", agent.GetProperty("failing").GetRawText());
    }

    [Fact]
    public async Task Agents_ThatFail_SayWhereAndHow()
    {
        await using var server = await TestServer.StartAsync();

        var agent = (await server.GetJsonAsync("/api/v1/agents")).GetProperty("agents")[0];

        Assert.Equal("""[{"node":"gpu1","in_a_row":6,"next_try_in_seconds":1.5}]""", agent.GetProperty("failing_nodes").GetRawText());
        Assert.Equal(
            """[{"at":"1970-01-01T00:00:00+00:00","node":"gpu1","kind":"timeout","code":"AG3001","message":"It was too slow.","""
            + "\"run_id\":\"00000000000000000000000000000001\",\"step\":\"a\",\"attempt\":3}]",
            agent.GetProperty("last_failures").GetRawText());
    }

    [Fact]
    public async Task Nodes_Always_ShowWhatTheyAreAndDo()
    {
        await using var server = await TestServer.StartAsync();

        var nodes = (await server.GetJsonAsync("/api/v1/nodes")).GetProperty("nodes");

        Assert.Equal(["gpu1", "local"], nodes.EnumerateArray().Select(n => n.Text("name")));
        Assert.Equal(
            """{"name":"gpu1","queues":["gpu"],"draining":false,"silent":false"""
            + ""","running":2,"slots":[{"queue":"gpu","running":2,"slots":8}]"""
            + ""","gpus":[{"index":0,"name":"A10","total_bytes":24000,"used_by_others_bytes":500"""
            + ""","leased_bytes":8000,"used_here_bytes":9000}]"""
            + ""","warm_agents":["motion_generator"],"agents":[{"agent":"motion_generator","running":2}]"""
            + ""","labels":{"zone":"eu"},"failing":[{"agent":"motion_generator","in_a_row":5,"next_try_in_seconds":12}]"""
            + ""","seen_at":"1970-01-01T00:00:00+00:00"}""",
            nodes[0].GetRawText());
        Assert.True(nodes[1].GetProperty("silent").GetBoolean());
        Assert.False(nodes[1].TryGetProperty("queues", out _), "all queues");
        Assert.False(nodes[1].TryGetProperty("gpus", out _), "not accounted for");
    }

    [Fact]
    public async Task Plans_Always_ShowDefinitions()
    {
        await using var server = await TestServer.StartAsync();

        var plan = (await server.GetJsonAsync("/api/v1/plans")).GetProperty("plans")[0];

        Assert.Equal("tactical_motion", plan.Text("name"));
        Assert.True(plan.GetProperty("is_default").GetBoolean());
        Assert.Equal("echo", plan.GetProperty("definition").GetProperty("steps").GetProperty("a").Text("agent"));
    }

    [Theory]
    [InlineData("""{"capability":"perception"}""", "perception", null)]
    [InlineData("""{"capability":["validation","scoring"]}""", "validation,scoring", null)]
    [InlineData("""{"agent":"echo"}""", "", "echo")]
    [InlineData("""{"capability":"perception","prefer":{"lang":"de"}}""", "perception", null, "lang:de")]
    [InlineData("""{"agent":"echo","within_seconds":1.5}""", "", "echo", null, 1.5)]
    public async Task Route_Question_IsAnswered(string body, string capabilities, string? agent, string? prefer = null, double? within = null)
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.PostAsync("/api/v1/route", body);

        var json = await response.JsonAsync();
        Assert.Equal("It is idle.", json.Text("why"));
        Assert.Equal(4, json.GetProperty("candidates")[0].GetProperty("free_slots").GetInt32());
        Assert.Equal("4 free slots, priority 10, load 0", json.GetProperty("candidates")[0].Text("because"));
        Assert.Equal(capabilities, string.Join(",", server.Grid.LastRoute!.Capabilities));
        Assert.Equal((agent, prefer), (server.Grid.LastRoute.Agent, server.Grid.LastRoute.Prefer?.ToString()));
        Assert.Equal(within, server.Grid.LastRoute.Within?.TotalSeconds);
    }

    [Theory]
    [InlineData("", "AG2003", "$")]
    [InlineData("7", "AG2003", "$")]
    [InlineData("{}", "AG2002", "$")]
    [InlineData("""{"capability":"a","agent":"b"}""", "AG2002", "capability")]
    [InlineData("""{"capability":[]}""", "AG2003", "capability")]
    [InlineData("""{"capability":["a",1]}""", "AG2003", "capability")]
    [InlineData("""{"capability":["a","b c"]}""", "AG2004", "capability")]
    [InlineData("""{"capability":"a","prefer":["lang"]}""", "AG2003", "prefer")]
    [InlineData("""{"capability":"a","prefer":{"Lang":"de"}}""", "AG2004", "prefer")]
    [InlineData("""{"capability":"a","within_seconds":0}""", "AG2003", "within_seconds")]
    [InlineData("""{"capability":"a","within_seconds":"5s"}""", "AG2003", "within_seconds")]
    [InlineData("""{"agent":null}""", "AG2003", "agent")]
    [InlineData("""{"agent":""}""", "AG2004", "agent")]
    public async Task Route_BadQuestion_NamesTheField(string body, string code, string field)
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.PostAsync("/api/v1/route", body);

        var json = await response.JsonAsync();
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal((code, field), (json.Text("code"), json.Text("field")));
        Assert.Null(server.Grid.LastRoute);
    }

    [Fact]
    public async Task Schedules_AreListedWithTheirLastRuns()
    {
        await using var server = await TestServer.StartAsync();
        var tick = new DateTimeOffset(2026, 1, 6, 2, 0, 0, TimeSpan.Zero);
        server.Grid.Schedules =
        [
            new("nightly", "0 3 * * *", "Europe/Berlin", "report", Overlap.Queue, 2, false, tick, server.Grid.Add("nightly").Summary),
            new("off", "@daily", "UTC", "report", Overlap.Skip, 1, true, null, null),
        ];

        var json = await server.Http.GetFromJsonAsync<JsonElement>("/api/v1/schedules", TestContext.Current.CancellationToken);

        var (on, off) = (json.GetProperty("schedules")[0], json.GetProperty("schedules")[1]);
        Assert.Equal(("nightly", "Europe/Berlin", "queue", "2"), (on.Text("name"), on.Text("time_zone"), on.Text("overlap"), on.Text("catch_up")));
        Assert.Equal((tick, "nightly"), (on.GetProperty("next_tick").GetDateTimeOffset(), on.GetProperty("last_run").Text("match_id")));
        Assert.True(off.GetProperty("paused").GetBoolean());
        Assert.False(off.TryGetProperty("next_tick", out _) || off.TryGetProperty("last_run", out _));
    }

    [Fact]
    public async Task Route_NameCutInsideAPair_IsStillAReadableProblem()
    {
        await using var server = await TestServer.StartAsync();
        var name = "a" + string.Concat(Enumerable.Repeat("😀", 60));

        using var response = await server.PostAsync("/api/v1/route", $$"""{"capability":"{{name}}"}""");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.StartsWith("'a😀", (await response.JsonAsync()).Text("detail"));
    }

    [Fact]
    public async Task Health_ConfigProblemsAndTheLastChange_AreNamed()
    {
        await using var server = await TestServer.StartAsync();
        server.Grid.Health = server.Grid.Health with
        {
            ConfigProblems = [new ConfigProblem("agents.yaml", 7, 5, "agents.a", "AG1001", "unknown key")],
            ConfigChanges = ["agent 'a' max_concurrency 2 -> 4"],
        };

        using var response = await server.Http.GetAsync("/health");

        var json = await response.JsonAsync();
        var config = json.GetProperty("config");
        var problem = config.GetProperty("problems")[0];
        Assert.Equal("agent 'a' max_concurrency 2 -> 4", config.GetProperty("changes")[0].GetString());
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("degraded", json.Text("status"));
        Assert.Equal(("agents.yaml", "7", "5"), (problem.Text("file"), problem.Text("line"), problem.Text("column")));
    }

    [Theory]
    [InlineData(true, 200, 200, 200)]
    [InlineData(false, 200, 503, 503)]
    public async Task Health_Probes_FollowReadiness(bool ready, int live, int readiness, int details)
    {
        await using var server = await TestServer.StartAsync();
        server.Grid.Health = server.Grid.Health with { Ready = ready };

        Assert.Equal(live, (int)(await server.Http.GetAsync("/health/live")).StatusCode);
        Assert.Equal(readiness, (int)(await server.Http.GetAsync("/health/ready")).StatusCode);
        Assert.Equal(details, (int)(await server.Http.GetAsync("/health")).StatusCode);
    }

    [Fact]
    public async Task Index_Always_PointsAtTheRoutes()
    {
        await using var server = await TestServer.StartAsync();

        var index = await server.Http.GetStringAsync("/");

        Assert.Contains("/api/v1/orchestrate", index);
    }

    [Theory]
    [InlineData("drain", true)]
    [InlineData("undrain", false)]
    public async Task Drain_Agent_IsHandedOn(string verb, bool drained)
    {
        await using var server = await TestServer.StartAsync();

        var answer = await server.PostAsync($"/api/v1/agents/perception/{verb}", "");
        var missing = await server.PostAsync($"/api/v1/agents/nobody/{verb}", "");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        Assert.Equal(("nobody", drained), server.Grid.LastDrain);
    }

    [Fact]
    public async Task OpenApi_Document_HasEveryRouteWithExamples()
    {
        await using var server = await TestServer.StartAsync();

        var document = await server.GetJsonAsync("/openapi/v1.json");

        var operations = document.GetProperty("paths").EnumerateObject()
            .SelectMany(p => p.Value.EnumerateObject().Select(o => (Name: $"{o.Name} {p.Name}", Operation: o.Value)))
            .ToDictionary(o => o.Name, o => o.Operation);
        Assert.Equal(
            [
                "get /api/v1/agents", "get /api/v1/approvals", "get /api/v1/nodes", "get /api/v1/plans", "get /api/v1/plans/{plan}/hedges", "get /api/v1/receipts/keys", "get /api/v1/runs", "get /api/v1/runs/{run_id}",
                "get /api/v1/runs/{run_id}/artifacts", "get /api/v1/runs/{run_id}/artifacts/{name}", "get /api/v1/runs/{run_id}/events", "get /api/v1/runs/{run_id}/journal", "get /api/v1/runs/{run_id}/receipt",
                "get /api/v1/runs/{run_id}/steps/{step}/output", "get /api/v1/schedules", "get /health",
                "get /health/live", "get /health/ready", "get /metrics", "get /ws/agents", "post /api/v1/agents/{agent}/drain",
                "post /api/v1/agents/{agent}/undrain", "post /api/v1/orchestrate",
                "post /api/v1/plans/check", "post /api/v1/route", "post /api/v1/runs", "post /api/v1/runs/{run_id}/approvals/{step}",
                "post /api/v1/runs/{run_id}/cancel", "post /api/v1/runs/{run_id}/retry",
                "post /api/v1/runs/{run_id}/signals/{name}", "post /api/v1/tickets",
            ],
            operations.Keys.Order(StringComparer.Ordinal));
        Assert.All(operations.Values, o => Assert.NotEmpty(o.Text("summary")));
        var post = operations["post /api/v1/orchestrate"];
        var body = post.GetProperty("requestBody").GetProperty("content").GetProperty("application/json");
        Assert.Equal("match_123", body.GetProperty("example").Text("match_id"));
        Assert.True(body.TryGetProperty("schema", out _));
        Assert.Equal(
            "queued",
            post.GetProperty("responses").GetProperty("202").GetProperty("content").GetProperty("application/json")
                .GetProperty("example").Text("status"));
        Assert.Equal(
            "AG2030",
            post.GetProperty("responses").GetProperty("409").GetProperty("content")
                .GetProperty("application/problem+json").GetProperty("example").Text("code"));
    }

    [Fact]
    public async Task OpenApi_RequestExample_IsAccepted()
    {
        await using var server = await TestServer.StartAsync();
        var document = await server.GetJsonAsync("/openapi/v1.json");
        var example = document.GetProperty("paths").GetProperty("/api/v1/orchestrate").GetProperty("post")
            .GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("example");

        using var response = await server.PostAsync("/api/v1/orchestrate", example.GetRawText());

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
    }
}
