using System.Net;
using System.Text.Json;

namespace AgentGrid.ClientApi.Tests.A2a;

/// <summary>What the Agent2Agent protocol and JSON-RPC ask of a server: the card, versions, errors, batches and keys.</summary>
[Collection(nameof(A2aCollection))]
public sealed class A2aProtocolTests(A2aServer server)
{
    private const string NoTask = """{"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":"x"}}""";

    [Fact]
    public async Task Card_HasThePlansAsSkills_AndSaysWhereAndHowToAsk()
    {
        using var response = await GetCardAsync(A2aServer.Poster);
        var card = await response.JsonAsync();

        var face = Assert.Single(card.GetProperty("supportedInterfaces").EnumerateArray());
        Assert.Equal(
            (new Uri(server.Http.BaseAddress!, "/a2a").ToString(), "JSONRPC", "1.0"),
            (face.Text("url"), face.Text("protocolBinding"), face.Text("protocolVersion")));
        var skills = card.GetProperty("skills").EnumerateArray().ToDictionary(s => s.Text("id"));
        Assert.Equal(["echoes", "failing", "paid", "reviewed", "slow", "strict", "two"], skills.Keys.Order());
        Assert.Equal("Says it again.", skills["echoes"].Text("description"));
        Assert.Equal("""["plan","default","echo"]""", skills["echoes"].Text("tags"));
        Assert.Equal("""["application/json"]""", skills["strict"].Text("inputModes"));
        Assert.Equal("""{"n":1}""", skills["strict"].GetProperty("examples")[0].GetString()!.Replace(" ", "", StringComparison.Ordinal));
        Assert.Equal("""{"streaming":true,"pushNotifications":false,"extendedAgentCard":false}""", card.Text("capabilities"));
        Assert.Equal(
            "X-Api-Key", card.GetProperty("securitySchemes").GetProperty("apiKey").GetProperty("apiKeySecurityScheme").Text("name"));
        Assert.Equal(2, card.GetProperty("securityRequirements").GetArrayLength());
    }

    [Fact]
    public async Task Card_IsCached_AndForThoseWhoHaveAKey()
    {
        using var first = await GetCardAsync(A2aServer.Reader);
        using var again = await GetCardAsync(A2aServer.Reader, first.Headers.ETag!.ToString());
        using var stranger = await GetCardAsync(null);

        Assert.True(first.Headers.CacheControl is { Private: true, MaxAge.TotalSeconds: > 0 });
        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
    }

    [Fact]
    public async Task Card_OfAServerWithoutKeys_AsksForNone()
    {
        await using var open = await TestServer.StartAsync();

        var card = await open.GetJsonAsync("/.well-known/agent-card.json");

        Assert.False(card.TryGetProperty("securitySchemes", out _));
        Assert.Equal("tactical_motion", Assert.Single(card.GetProperty("skills").EnumerateArray()).Text("name"));
    }

    [Theory]
    [InlineData("1.0", -32001)]
    [InlineData("1.0.3", -32001)]
    [InlineData(null, -32009)]
    [InlineData("0.3", -32009)]
    [InlineData("1.01", -32009)]
    [InlineData("2.0", -32009)]
    public async Task Version_OtherThanTheOneThatIsSpoken_IsRefused(string? version, int code)
    {
        using var response = await server.PostAsync(NoTask, version: version);

        var error = (await response.JsonAsync()).GetProperty("error");
        Assert.Equal((HttpStatusCode.OK, code), (response.StatusCode, error.GetProperty("code").GetInt32()));
    }

    [Theory]
    [InlineData("{", -32700, null)]
    [InlineData("", -32700, null)]
    [InlineData("\"\\ud800\"", -32700, null)]
    [InlineData("7", -32600, null)]
    [InlineData("[]", -32600, null)]
    [InlineData("""{"jsonrpc":"1.0","id":"a","method":"GetTask"}""", -32600, "a")]
    [InlineData("""{"jsonrpc":"2.0","id":{},"method":"GetTask"}""", -32600, null)]
    [InlineData("""{"jsonrpc":"2.0","id":"a"}""", -32600, "a")]
    [InlineData("""{"jsonrpc":"2.0","id":"a","method":"GetTask","params":["x"]}""", -32602, "a")]
    [InlineData("""{"jsonrpc":"2.0","id":"a","method":"GetTask"}""", -32602, "a")]
    [InlineData("""{"jsonrpc":"2.0","id":"a","method":"GetTsk"}""", -32601, "a")]
    [InlineData("""{"jsonrpc":"2.0","id":"a","method":"message/send"}""", -32601, "a")]
    [InlineData("""{"jsonrpc":"2.0","id":"a","method":"ListTaskPushNotificationConfigs","params":{"taskId":"x"}}""", -32003, "a")]
    [InlineData("""{"jsonrpc":"2.0","id":"a","method":"GetExtendedAgentCard"}""", -32004, "a")]
    [InlineData("""{"jsonrpc":"2.0","id":"a","method":"ListTasks","params":{"pageSize":101}}""", -32602, "a")]
    [InlineData("""{"jsonrpc":"2.0","id":"a","method":"ListTasks","params":{"pageToken":"?"}}""", -32602, "a")]
    [InlineData("""{"jsonrpc":"2.0","id":"a","method":"ListTasks","params":{"status":"TASK_STATE_RUNNING"}}""", -32602, "a")]
    [InlineData("""{"jsonrpc":"2.0","id":"a","method":"SendMessage","params":{"message":[]}}""", -32602, "a")]
    [InlineData("""{"jsonrpc":"2.0","id":"a","method":"SendMessage","params":{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"url":"file:///x"}]}}}""", -32005, "a")]
    [InlineData("""{"jsonrpc":"2.0","id":"a","method":"SendMessage","params":{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"data":7}]}}}""", -32602, "a")]
    [InlineData("""{"jsonrpc":"2.0","id":"a","method":"SendMessage","params":{"message":{},"configuration":{"taskPushNotificationConfig":{"url":"http://x"}}}}""", -32003, "a")]
    public async Task Call_ThatIsWrong_IsRefusedWithTheCodeOfTheProtocol(string body, int code, string? id)
    {
        using var response = await server.PostAsync(body);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var answer = await response.JsonAsync();
        Assert.Equal("2.0", answer.Text("jsonrpc"));
        Assert.Equal(id, answer.GetProperty("id").GetString());
        Assert.Equal(code, answer.GetProperty("error").GetProperty("code").GetInt32());
        Assert.NotEqual("", answer.GetProperty("error").Text("message"));
        Assert.False(answer.TryGetProperty("result", out _));
    }

    [Fact]
    public async Task Message_WithSeveralMistakes_NamesThemAll()
    {
        var error = await server.ErrorAsync("SendMessage", new
        {
            message = new { role = "ROLE_AGENT", contextId = "a\nb", parts = new object[] { new { data = 1 }, new { txt = "x" } } },
            configuration = new { historyLength = -1 },
        });

        var places = error.GetProperty("data")[0].GetProperty("fieldViolations").EnumerateArray().Select(v => v.Text("field"));
        Assert.Equal(
            ["message.messageId", "message.contextId", "message.role", "message.parts[1]", "configuration.historyLength"], places);
    }

    [Fact]
    public async Task Batch_IsAnsweredCallByCall_AndNotificationsNotAtAll()
    {
        using var response = await server.PostAsync($$$"""
            [{{{NoTask}}}, {"jsonrpc":"2.0","method":"GetTask","params":{"id":"x"}}, 7,
             {"jsonrpc":"2.0","id":2,"method":"SubscribeToTask","params":{"id":"x"}}]
            """);

        var answers = (await response.JsonAsync()).EnumerateArray().ToArray();
        Assert.Equal(["1", "", "2"], answers.Select(a => a.GetProperty("id").ToString()));
        Assert.Equal(
            [-32001, -32600, -32600], answers.Select(a => a.GetProperty("error").GetProperty("code").GetInt32()));
    }

    [Theory]
    [InlineData("{0}")]
    [InlineData("[{0}]")]
    public async Task Notification_DoesItsWork_AndIsNotAnswered(string form)
    {
        var context = server.NewId("c");
        var call = JsonSerializer.Serialize(new
        {
            jsonrpc = "2.0",
            method = "SendMessage",
            @params = A2aServer.Message(server.NewId(), context: context),
        });

        using var response = await server.PostAsync(form.Replace("{0}", call, StringComparison.Ordinal));

        Assert.Equal((HttpStatusCode.NoContent, ""), (response.StatusCode, await response.Content.ReadAsStringAsync()));
        var tasks = await server.ResultAsync("ListTasks", new { contextId = context });
        Assert.Equal(1, tasks.GetProperty("totalSize").GetInt32());
    }

    [Theory]
    [InlineData("SendMessage", A2aServer.Reader)]
    [InlineData("SendStreamingMessage", A2aServer.Reader)]
    [InlineData("CancelTask", A2aServer.Reader)]
    [InlineData("GetTask", A2aServer.Poster)]
    [InlineData("ListTasks", A2aServer.Poster)]
    [InlineData("SubscribeToTask", A2aServer.Poster)]
    public async Task Key_WithoutTheScope_IsRefused(string method, string key)
    {
        using var response = await server.PostAsync($$$"""{"jsonrpc":"2.0","id":1,"method":"{{{method}}}","params":{}}""", key);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        var error = (await response.JsonAsync()).GetProperty("error");
        Assert.Equal(-32000, error.GetProperty("code").GetInt32());
        Assert.Equal("AG2041", error.GetProperty("data")[0].GetProperty("metadata").Text("code"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("wrong")]
    public async Task Caller_WithoutAKey_IsAskedForOne(string? key)
    {
        using var response = await server.PostAsync(NoTask, key);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.NotEmpty(response.Headers.WwwAuthenticate);
    }

    [Fact]
    public async Task Body_ThatIsTooLarge_IsRefused()
    {
        using var response = await server.PostAsync(JsonSerializer.Serialize(new string('x', 200_001)));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Equal(-32600, (await response.JsonAsync()).GetProperty("error").GetProperty("code").GetInt32());
    }

    private async Task<HttpResponseMessage> GetCardAsync(string? key, string? tag = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/.well-known/agent-card.json");
        if (key is not null)
        {
            request.Headers.Add("Authorization", $"Bearer {key}");
        }
        if (tag is not null)
        {
            request.Headers.Add("If-None-Match", tag);
        }
        return await server.Http.SendAsync(request);
    }
}
