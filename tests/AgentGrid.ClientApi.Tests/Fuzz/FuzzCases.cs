using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgentGrid.ClientApi.Tests.Fuzz;

/// <summary>Makes the case of a seed: nearly valid requests to every route.</summary>
internal static class FuzzCases
{
    private const string Snapshot = """
        {"match_id": "KEY", "round": "1", "priority": 3, "plan": "echoes",
         "grid_snapshot": {"players": [{"id": "p1", "peek_events": [{"time": 1}, {"time": 2.5}]}, {"id": "p2"}]},
         "input": {"x": [1, {"y": "z"}], "flag": true}}
        """;

    private const string Keyed = """
        {"key": "KEY", "priority": 3, "plan": "echoes", "input": {"x": [1, {"y": "z"}], "flag": true}, "labels": {"team": "blue"}}
        """;

    private const string Inline = """
        {"match_id": "KEY", "round": 2, "input": {"x": {"list": [1, 2, 3]}}, "grid_snapshot": {"players": []},
         "plan": {"timeout": "5s", "result": {"r": "b.x"}, "steps": {
           "a": {"agent": "echo", "timeout": "1s", "retry": {"max_attempts": 2, "backoff": "1ms", "jitter": 0.2, "on": ["error"]}},
           "b": {"needs": ["a"], "capability": ["echo"], "mode": "race", "candidates": 2, "hedge_after": "0s",
                 "when": "a.x > 1 or not input.y", "on_none": "skip", "optional": true, "fallback": ["echo"]},
           "c": {"needs": ["a", "b"], "agent": "echo", "mode": "each", "for_each": "input.x.list", "require": 1, "input": {"k": 1},
                 "with": {"p": "a.x", "q": {"path": "item.y", "default": [1]}, "r": {"text": "{{ index }} {{ input.x }}"}}},
           "d": {"capability": "echo", "mode": "all", "require": "any"}}}}
        """;

    private const string CheckedPlan = """
        {"name": "n", "timeout": "5s", "result": {"r": "a.x"}, "steps": {"a": {"agent": "echo", "fallback": ["delay"]}}}
        """;

    private const string Message = """
        {"jsonrpc": "2.0", "id": 1, "method": "METHOD", "params": {
          "id": "RUN", "contextId": "KEY", "status": "TASK_STATE_WORKING", "pageSize": 5, "pageToken": "", "includeArtifacts": true,
          "message": {"messageId": "KEY", "contextId": "same", "role": "ROLE_USER", "metadata": {"skillId": "echoes"},
            "parts": [{"data": {"x": [1, {"y": "z"}]}}, {"text": "{\"a\": 1}", "mediaType": "application/json"}, {"text": "hello"}]},
          "configuration": {"returnImmediately": false, "historyLength": 3, "acceptedOutputModes": ["application/json"]}}}
        """;

    /// <summary>The seed of the first case.</summary>
    public static int FirstSeed => Number("AGENTGRID_FUZZ_SEED", 1);

    /// <summary>How many cases are tried.</summary>
    public static int Count(int usual) => Number("AGENTGRID_FUZZ_CASES", usual);

    public static FuzzCase Of(int seed, IReadOnlyList<string> runs)
    {
        var random = new Random(seed);
        var make = new Mutations(random);
        var run = make.Chance(4) || runs.Count == 0 ? make.Escape(make.Text()) : make.Pick(runs);
        var key = make.Chance(20) ? "same" : seed.ToString(CultureInfo.InvariantCulture);
        return random.Next(16) switch
        {
            0 => Submit(make, Keyed, key, "/api/v1/runs"),
            < 3 => Submit(make, Snapshot, key),
            < 7 => Submit(make, Inline, key),
            7 => Get(make, "/api/v1/runs" + make.Query("status", "match_id", "round", "plan", "cursor", "limit")),
            8 => Get(make, $"/api/v1/runs/{run}/events" + make.Query("after", "limit", "stage", "events", "ticket")),
            9 => Get(make, make.Pick(
                $"/api/v1/runs/{run}", $"/api/v1/runs/{run}/steps/{make.Escape(make.Text())}/output", "/api/v1/agents",
                "/api/v1/plans", "/health", "/" + make.Escape(make.Text()), "/ws/agents") + make.Query("after", "stage", "match_id", "run_id")),
            10 when make.Chance(2) => Command(make, "/api/v1/plans/check", CheckedPlan),
            11 => Follow(make, "/ws/agents" + Cursor(make)),
            12 => Stream(make, $"/api/v1/runs/{run}/events" + Cursor(make)),
            13 => Preflight(make),
            15 => Call(make, run, key),
            10 => Command(make, "/api/v1/route", make.Pick("""{"capability": ["echo", "x"]}""", """{"agent": "echo"}""")),
            _ => Command(make, make.Pick(
                $"/api/v1/runs/{run}/cancel", $"/api/v1/runs/{run}/retry", "/api/v1/tickets",
                "/api/v1/agents/echo/undrain"), make.Pick("""{"reason": "enough"}""", """{"from_step": "a"}""", "{}")),
        };
    }

    private static int Number(string variable, int otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    private static FuzzCase Submit(Mutations make, string template, string key, string path = "/api/v1/orchestrate") => Post(
        make, make.Chance(40) ? make.Pick("PUT", "PATCH", "DELETE", "OPTIONS", "X") : "POST",
        path + (make.Chance(6) ? make.Query("wait") : make.Chance(4) ? "?wait=200ms" : ""),
        template.Replace("KEY", key, StringComparison.Ordinal));

    private static FuzzCase Command(Mutations make, string target, string template) =>
        Post(make, "POST", target + (make.Chance(6) ? make.Query("wait", "after") : ""), template);

    private static FuzzCase Post(Mutations make, string method, string target, string template)
    {
        var (body, headers) = (Body(make, template), Headers(make));
        if (make.Chance(8))
        {
            (body, var coding) = Pack(make, body);
            headers.Add(("Content-Encoding", coding));
        }
        return new FuzzCase(method, target, body, ContentType(make), headers);
    }

    private static FuzzCase Call(Mutations make, string run, string key)
    {
        var method = make.Pick("SendMessage", "SendStreamingMessage", "GetTask", "ListTasks", "CancelTask", "SubscribeToTask", "GetExtendedAgentCard");
        var call = Message.Replace("METHOD", method, StringComparison.Ordinal)
            .Replace("RUN", JsonEncodedText.Encode(run).ToString(), StringComparison.Ordinal).Replace("KEY", key, StringComparison.Ordinal);
        var hostile = Post(make, "POST", "/a2a" + (make.Chance(9) ? "?A2A-Version=" + make.Escape(make.Text()) : ""), make.Chance(6) ? $"[{call},{call}]" : call);
        if (!make.Chance(9))
        {
            ((List<(string, string)>)hostile.Headers).Add(("A2A-Version", make.Chance(9) ? make.Number() : "1.0"));
        }
        return hostile;
    }

    private static FuzzCase Get(Mutations make, string target) =>
        new(make.Chance(6) ? "HEAD" : "GET", target, [], null, Headers(make));

    private static FuzzCase Follow(Mutations make, string target)
    {
        var headers = Headers(make);
        headers.AddRange([
            ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", make.Chance(9) ? "0" : "13"),
            ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")]);
        return new FuzzCase("GET", target, [], null, headers);
    }

    private static FuzzCase Stream(Mutations make, string target)
    {
        var headers = Headers(make);
        headers.Add(("Accept", "text/event-stream"));
        if (make.Chance())
        {
            headers.Add(("Last-Event-ID", make.Number()));
        }
        return new FuzzCase("GET", target, [], null, headers);
    }

    private static FuzzCase Preflight(Mutations make) => new(
        "OPTIONS", make.Pick("/api/v1/runs", "/api/v1/orchestrate", "/ws/agents", "/nowhere"), [], null,
        [
            ("Origin", make.Pick("http://page.example", "null", "https://evil.example", "http://", make.Number())),
            ("Access-Control-Request-Method", make.Pick("GET", "POST", "DELETE", "", "x y")),
            ("Access-Control-Request-Headers", make.Pick("x-api-key", "content-type,last-event-id", "*", ",,", make.Number())),
        ]);

    private static string Cursor(Mutations make) => make.Chance(5)
        ? make.Query("after", "stage", "match_id", "run_id", "ticket")
        : $"?after={make.Escape(make.Number())}" + (make.Chance(3) ? $"&stage={make.Pick("a:*", "*:done", "*")}" : "");

    private static (byte[] Body, string Coding) Pack(Mutations make, byte[] body)
    {
        var coding = make.Pick("gzip", "br", "deflate");
        var packed = new MemoryStream();
        using (Stream pack = coding switch
        {
            "gzip" => new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true),
            "br" => new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true),
            _ => new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true),
        })
        {
            // Many times more than it looks like, now and then.
            pack.Write(make.Chance(20) ? new byte[20_000_000] : body);
        }
        var bytes = packed.ToArray();
        return (make.Chance(4) ? make.Damage(bytes) : bytes, make.Chance(6) ? make.Pick("gzip", "x", "gzip, br", "") : coding);
    }

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
            headers.Add(("Last-Event-ID", make.Number()));
        }
        if (make.Chance(12))
        {
            headers.Add(make.Pick(
                ("Origin", "http://page.example"), ("Origin", "null"), ("X-Api-Key", make.Number()), ("Authorization", "Basic x"),
                ("Range", "bytes=9223372036854775807-"), ("If-None-Match", "*"), ("Expect", "100-continue"),
                ("traceparent", $"00-{make.Number()}-1-1"), ("Cookie", new string('c', 10_000))));
        }
        return headers;
    }
}
