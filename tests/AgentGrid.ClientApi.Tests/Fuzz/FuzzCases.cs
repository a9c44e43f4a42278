using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace AgentGrid.ClientApi.Tests.Fuzz;

/// <summary>Makes the case of a seed: nearly valid requests to every route.</summary>
internal static class FuzzCases
{
    private const string Post = """
        {"match_id": "KEY", "round": "1", "priority": 3, "plan": "echoes",
         "grid_snapshot": {"players": [{"id": "p1", "peek_events": [{"time": 1}, {"time": 2.5}]}, {"id": "p2"}]},
         "input": {"x": [1, {"y": "z"}], "flag": true}}
        """;

    private const string Inline = """
        {"match_id": "KEY", "round": 2, "input": {"x": {"list": [1, 2, 3]}}, "grid_snapshot": {"players": []},
         "plan": {"timeout": "5s", "result": {"r": "b.x"}, "steps": {
           "a": {"agent": "echo", "timeout": "1s", "retry": {"max_attempts": 2, "backoff": "1ms", "jitter": 0.2, "on": ["error"]}},
           "b": {"needs": ["a"], "capability": ["echo"], "mode": "race", "candidates": 2, "hedge_after": "0s",
                 "when": "a.x > 1 or not input.y", "on_none": "skip", "optional": true, "fallback": ["echo"]},
           "c": {"needs": ["a", "b"], "agent": "echo", "mode": "each", "for_each": "input.x.list", "require": 1, "input": {"k": 1}},
           "d": {"capability": "echo", "mode": "all", "require": "any"}}}}
        """;

    private const string CheckedPlan = """
        {"name": "n", "timeout": "5s", "result": {"r": "a.x"}, "steps": {"a": {"agent": "echo", "fallback": ["delay"]}}}
        """;

    public static FuzzCase Of(int seed, IReadOnlyList<string> runs)
    {
        var random = new Random(seed);
        var make = new Mutations(random);
        var run = make.Chance(4) || runs.Count == 0 ? make.Escape(make.Text()) : make.Pick(runs);
        var key = make.Chance(20) ? "same" : seed.ToString(CultureInfo.InvariantCulture);
        return random.Next(12) switch
        {
            < 3 => Submit(make, Post, key),
            < 7 => Submit(make, Inline, key),
            7 => Get(make, "/api/v1/runs" + make.Query("status", "match_id", "round", "plan", "cursor", "limit")),
            8 => Get(make, $"/api/v1/runs/{run}/events" + make.Query("after", "limit", "stage")),
            9 => Get(make, make.Pick(
                $"/api/v1/runs/{run}", $"/api/v1/runs/{run}/steps/{make.Escape(make.Text())}/output", "/api/v1/agents",
                "/api/v1/plans", "/health", "/" + make.Escape(make.Text()), "/ws/agents") + make.Query("after", "stage", "match_id", "run_id")),
            10 when make.Chance(2) => Command(make, "/api/v1/plans/check", CheckedPlan),
            10 => Command(make, "/api/v1/route", make.Pick("""{"capability": ["echo", "x"]}""", """{"agent": "echo"}""")),
            _ => Command(make, $"/api/v1/runs/{run}/{make.Pick("cancel", "retry")}", """{"reason": "enough"}"""),
        };
    }

    private static FuzzCase Submit(Mutations make, string template, string key) => new(
        make.Chance(40) ? make.Pick("PUT", "PATCH", "DELETE", "OPTIONS", "X") : "POST",
        "/api/v1/orchestrate" + (make.Chance(6) ? make.Query("wait") : make.Chance(4) ? "?wait=200ms" : ""),
        Body(make, template.Replace("KEY", key, StringComparison.Ordinal)), ContentType(make), Headers(make));

    private static FuzzCase Command(Mutations make, string target, string template) => new(
        "POST", target + (make.Chance(6) ? make.Query("wait", "after") : ""), Body(make, template), ContentType(make),
        Headers(make));

    private static FuzzCase Get(Mutations make, string target) => new("GET", target, [], null, Headers(make));

    private static byte[] Body(Mutations make, string template)
    {
        var text = make.Chance(10) ? template : make.Restructure(JsonNode.Parse(template)!);
        var bytes = Encoding.UTF8.GetBytes(text);
        return make.Chance(3) ? make.Damage(bytes) : bytes;
    }

    private static string? ContentType(Mutations make) => make.Chance(20)
        ? make.Pick(null, "", "text/plain", "application/json; charset=utf-16", "application/json;", "a/b; c=\"d", "application/xml+json")
        : "application/json";

    private static List<(string, string)> Headers(Mutations make)
    {
        var headers = new List<(string, string)>();
        if (make.Chance(10))
        {
            headers.Add(("Prefer", make.Pick("wait=1", "wait=", "wait=99999999999", "wait=-1", "respond-async, wait=0", "=;,")));
        }
        if (make.Chance(12))
        {
            headers.Add(("Accept", make.Pick("text/event-stream", "*/*", "", "application/json;q=5", ";;", "text/event-stream;q=0")));
        }
        if (make.Chance(12))
        {
            headers.Add(("Last-Event-ID", make.Pick("0", "5", "-1", "x", "99999999999999999999")));
        }
        return headers;
    }
}
