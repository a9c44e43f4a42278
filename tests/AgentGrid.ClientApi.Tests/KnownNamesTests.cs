using System.Net;
using System.Text.Json;

namespace AgentGrid.ClientApi.Tests;

/// <summary>What is misspelt is refused, in queries and in bodies that are ours: nothing is passed over in silence.</summary>
public sealed class KnownNamesTests
{
    [Fact]
    public async Task Query_OfEveryOperation_KnowsWhatIsDescribedAndNothingElse()
    {
        await using var server = await TestServer.StartAsync();
        var document = await server.GetJsonAsync("/openapi/v1.json");
        var operations = 0;

        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                operations++;
                var method = new HttpMethod(operation.Name.ToUpperInvariant());
                foreach (var name in ParametersOf(operation.Value))
                {
                    Assert.Equal(
                        (path.Name, name, $"'{name}' is empty; give it a value, or leave it out."),
                        (path.Name, name, await RefusalAsync(server, method, $"{path.Name}?{name}=", name)));
                }
                Assert.StartsWith(
                    "The query parameter 'n0t' is unknown. Known: ",
                    await RefusalAsync(server, method, $"{path.Name}?n0t=1", "n0t"));
            }
        }

        Assert.InRange(operations, 20, 100);
    }

    [Theory]
    [InlineData("?stauts=failed", "stauts", "The query parameter 'stauts' is unknown, did you mean 'status'?")]
    [InlineData("?match=m", "match", "The query parameter 'match' is unknown. Known: 'status', 'key', 'match_id', ")]
    [InlineData("?matchid=m", "matchid", "The query parameter 'matchid' is unknown, did you mean 'match_id'?")]
    [InlineData("?match_id=&stauts=failed", "match_id", "'match_id' is empty; give it a value, or leave it out.")]
    [InlineData("?match_id", "match_id", "'match_id' is empty; give it a value, or leave it out.")]
    [InlineData("?=m", "", "The query parameter '' is unknown. ")]
    [InlineData("?status=failed&status=queued", "status", "'status' is there 2 times; give it once.")]
    [InlineData("?label=team:blue&label=", "label", "'label' is empty; give it a value, or leave it out.")]
    [InlineData("?label=team", "label", "'team' is not a label: expected its name and its text, such as team:blue.")]
    [InlineData("?label=team:a&label=team:b", "label", "The label 'team' is there twice.")]
    [InlineData("?status=failed;limit=1", "status", "'status' is 'failed;limit=1'; expected one of ")]
    public async Task Query_OfTheList_NamesWhatIsMeant(string query, string field, string detail)
    {
        await using var server = await TestServer.StartAsync();

        Assert.StartsWith(detail, await RefusalAsync(server, HttpMethod.Get, "/api/v1/runs" + query, field));
        Assert.Null(server.Grid.LastQuery);
    }

    [Theory]
    [InlineData("/api/v1/runs?")]
    [InlineData("/api/v1/runs?&")]
    [InlineData("/api/v1/runs?STATUS=failed")]
    [InlineData("/?utm_source=wiki")]
    [InlineData("/console/app.js?v=2")]
    public async Task Query_OfNothingOrOfAPage_IsNoMatter(string path)
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.Http.GetAsync(path);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("runs/{run}/cancel", """{"raeson":"x"}""", "raeson", "AG2015", "did you mean 'reason'?")]
    [InlineData("runs/{run}/cancel", """{"reason":"x","reason":"y"}""", "reason", "AG2007", "twice")]
    [InlineData("runs/{run}/retry", """{"from":"a"}""", "from", "AG2015", "Expected 'from_step'.")]
    [InlineData("runs/{run}/retry", """{"from_step":"a","fromstep":"b"}""", "fromstep", "AG2015", "did you mean 'from_step'?")]
    [InlineData("route", """{"capability":"a","priority":1}""", "priority", "AG2015", "Expected 'capability' and 'agent' and 'prefer' and 'within_seconds'.")]
    [InlineData("route", """{"capabilty":"a"}""", "capabilty", "AG2015", "did you mean 'capability'?")]
    [InlineData("agents/perception/drain", """{"for":"1h"}""", "for", "AG2015", "Expected no members.")]
    [InlineData("agents/perception/undrain", """{"x":1}""", "x", "AG2015", "Expected no members.")]
    [InlineData("agents/perception/drain", "[]", "$", "AG2003", "must be an object with no members")]
    [InlineData("tickets", """{"lifetime":"1h"}""", "lifetime", "AG2015", "Expected no members.")]
    public async Task Body_OfOurs_RefusesWhatItDoesNotKnow(
        string path, string body, string field, string code, string detail)
    {
        await using var server = await TestServer.StartAsync();
        var run = server.Grid.Add().Summary.RunId.Value;

        using var response = await server.PostAsync("/api/v1/" + path.Replace("{run}", run, StringComparison.Ordinal), body);

        var json = await response.JsonAsync();
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal((code, field), (json.Text("code"), json.Text("field")));
        Assert.Contains(detail, json.Text("detail"));
        Assert.Null(server.Grid.LastDrain);
        Assert.Null(server.Grid.LastCommand);
    }

    [Theory]
    [InlineData("runs/{run}/cancel")]
    [InlineData("runs/{run}/retry")]
    [InlineData("agents/perception/drain")]
    [InlineData("tickets")]
    public async Task Body_EmptyOrWithoutMembers_IsAccepted(string path)
    {
        await using var server = await TestServer.StartAsync();
        var run = server.Grid.Add().Summary.RunId.Value;

        foreach (var body in new[] { "", "{}" })
        {
            using var response = await server.PostAsync(
                "/api/v1/" + path.Replace("{run}", run, StringComparison.Ordinal), body);
            Assert.True(response.IsSuccessStatusCode, $"{path} with '{body}': {response.StatusCode}");
        }
    }

    [Fact]
    public async Task Body_OfAPost_IsTheUsersAndHandedOn()
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.PostAsync(
            "/api/v1/orchestrate", """{"match_id":"m","round":"r","prioritaet":3,"reason":"x"}""");

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Contains("\"prioritaet\":3", server.Grid.Submitted[0].Input.ToString());
    }

    private static IEnumerable<string> ParametersOf(JsonElement operation) =>
        !operation.TryGetProperty("parameters", out var parameters) ? []
        : parameters.EnumerateArray().Where(p => p.Text("in") == "query").Select(p => p.Text("name"));

    private static async Task<string> RefusalAsync(TestServer server, HttpMethod method, string path, string field)
    {
        using var request = new HttpRequestMessage(method, path);
        using var response = await server.Http.SendAsync(request);
        var json = await response.JsonAsync();
        Assert.Equal(
            (path, HttpStatusCode.BadRequest, "AG2008", field),
            (path, response.StatusCode, json.Text("code"), json.Text("field")));
        return json.Text("detail");
    }
}
