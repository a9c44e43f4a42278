using System.Net;
using AgentGrid.Api.Security;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.ClientApi.Tests;

/// <summary>Signals and decisions as HTTP has them; what becomes of them is for the conformance tests to say.</summary>
public sealed class SignalsTests(SignalsTests.Server server) : IClassFixture<SignalsTests.Server>
{
    private const string Key = "shop-key";

    [Theory]
    [InlineData("""{"amount": 3.50, "x": [1,{"y":"\u00e4"}]}""", null)]
    [InlineData("7", null)]
    [InlineData("null", null)]
    [InlineData("", "null")]
    public async Task Signal_AnyJson_IsHandedOnAsItCame(string body, string? expected)
    {
        var run = server.Grid.Add(Guid.NewGuid().ToString());

        using var response = await PostAsync($"{run.Summary.RunId}/signals/payment", body, "order-7");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True((await response.JsonAsync()).GetProperty("changed").GetBoolean());
        Assert.Equal(
            new RunCommand.Signal("payment", Json.Parse(expected ?? body), "shop", "order-7"), server.Grid.LastCommand);
    }

    [Fact]
    public async Task Decide_Approved_IsASignalByTheStepsName()
    {
        var run = server.Grid.Add(Guid.NewGuid().ToString());

        using var response = await PostAsync($"{run.Summary.RunId}/approvals/review", """{"approved":true,"values":{"a":1}}""");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(
            new RunCommand.Signal("review", Json.Parse("""{"approved":true,"values":{"a":1}}"""), "shop", IsDecision: true),
            server.Grid.LastCommand);
    }

    [Theory]
    [InlineData("signals/payment", "{", "AG2001")]
    [InlineData("signals/payment", "\"\\ud800\"", "AG2005")]
    [InlineData("approvals/review", "[]", "AG2003")]
    [InlineData("approvals/review", "{\"aproved\":true}", "AG2015")]
    [InlineData("approvals/review", "{\"approved\":true,\"approved\":false}", "AG2007")]
    public async Task Post_BadBody_NeverReachesTheGrid(string path, string body, string code)
    {
        var run = server.Grid.Add(Guid.NewGuid().ToString());
        var before = server.Grid.LastCommand;

        using var response = await PostAsync($"{run.Summary.RunId}/{path}", body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(code, (await response.JsonAsync()).Text("code"));
        Assert.Same(before, server.Grid.LastCommand);
    }

    [Fact]
    public async Task Post_TooDeepOrTooLarge_IsRefused()
    {
        var run = server.Grid.Add(Guid.NewGuid().ToString()).Summary.RunId;

        using var deep = await PostAsync($"{run}/signals/payment", new string('[', 65) + new string(']', 65));
        using var large = await PostAsync($"{run}/signals/payment", $"\"{new string('x', SignalCheck.MaxBytes)}\"");
        using var key = await PostAsync($"{run}/signals/payment", "1", new string('k', 201));

        Assert.Equal("AG2006", (await deep.JsonAsync()).Text("code"));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        Assert.Equal(("AG2008", "Idempotency-Key"), ((await key.JsonAsync()).Text("code"), (await key.JsonAsync()).Text("field")));
    }

    [Theory]
    [InlineData(CommandCodes.UnknownSignal, HttpStatusCode.NotFound)]
    [InlineData(CommandCodes.NotSignalable, HttpStatusCode.Conflict)]
    [InlineData(CommandCodes.BadSignal, HttpStatusCode.BadRequest)]
    [InlineData(CommandCodes.NotYours, HttpStatusCode.Forbidden)]
    [InlineData(CommandCodes.SignalThere, HttpStatusCode.Conflict)]
    [InlineData(CommandCodes.TooEarly, HttpStatusCode.Conflict)]
    public async Task Post_Refused_AnswersWithTheCodesStatus(string code, HttpStatusCode status)
    {
        await using var own = await TestServer.StartAsync();
        var run = own.Grid.Add().Summary;
        own.Grid.NextCommand = new CommandResult.Refused(run, code, "No.");

        using var response = await own.PostAsync($"/api/v1/runs/{run.RunId}/signals/x", "1");

        Assert.Equal((status, code), (response.StatusCode, (await response.JsonAsync()).Text("code")));
    }

    [Theory]
    [InlineData("nonsense/signals/x")]
    [InlineData("nonsense/approvals/x")]
    public async Task Post_NoRun_Is404(string path)
    {
        using var response = await PostAsync(path, "{}");

        Assert.Equal("AG2021", (await response.JsonAsync()).Text("code"));
    }

    [Fact]
    public async Task Approvals_OfRunsThatWait_SayWhatIsAsked()
    {
        await using var own = await TestServer.StartAsync();
        var run = own.Grid.Add("m", "r").Summary.RunId;
        own.Grid.Update(run, r => r with
        {
            Steps =
            [
                new StepDetails
                {
                    Id = "review", Status = StepStatus.Running, Mode = "approve", Attempts = [], StartedAt = DateTimeOffset.UnixEpoch,
                    Wait = new WaitDetails("review", DateTimeOffset.UnixEpoch, ["ann"], new ApprovalDetails(
                        "Publish?", null, Json.Parse("""{"type":"object"}"""), Json.Parse("""{"clip":1}"""))),
                },
            ],
        });

        var json = await own.GetJsonAsync("/api/v1/approvals?limit=7");

        Assert.Equal(new RunQuery(Activity: RunActivity.WaitingForApproval, Limit: 7), own.Grid.LastQuery);
        var approval = json.GetProperty("approvals")[0];
        Assert.Equal(
            ("Publish?", $"/api/v1/runs/{run}/approvals/review", """{"clip":1}"""),
            (approval.Text("title"), approval.Text("decide"), approval.GetProperty("given").GetRawText()));
        Assert.Equal("next", json.Text("next"));
        Assert.Equal("Publish?", (await own.GetJsonAsync($"/api/v1/runs/{run}")).GetProperty("steps")[0]
            .GetProperty("wait").GetProperty("approval").Text("title"));
        using var bad = await own.Http.GetAsync("/api/v1/approvals?limit=101");
        Assert.Equal("AG2008", (await bad.JsonAsync()).Text("code"));
    }

    private async Task<HttpResponseMessage> PostAsync(string path, string body, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/runs/{path}");
        request.Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        request.Headers.Add("X-Api-Key", Key);
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }
        return await server.Http.SendAsync(request);
    }

    /// <summary>One server for all that do not change what it answers.</summary>
    public sealed class Server : IAsyncLifetime
    {
        private TestServer _server = null!;

        internal FakeGrid Grid => _server.Grid;
        internal HttpClient Http => _server.Http;

        public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync(
            "--AgentGrid:ApiKeys:0:Name=shop", $"--AgentGrid:ApiKeys:0:Hash={KeyHash.Of(Key)}");

        public ValueTask DisposeAsync() => _server.DisposeAsync();
    }
}
