using System.Net;
using System.Text.Json;

namespace AgentGrid.ClientApi.Tests;

public sealed class PlanCheckTests
{
    private const string Yaml = "application/yaml";

    [Fact]
    public async Task Check_GoodYaml_AnswersWithWhatCanBePosted()
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.PostAsync("/api/v1/plans/check", """
            # a comment
            timeout: 90s
            steps:
              b: { needs: [a], agent: perception }
              a: { agent: perception, timeout: 1m }
            """, Yaml);

        var answer = await response.JsonAsync();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Empty(answer.GetProperty("problems").EnumerateArray());
        Assert.Empty(answer.GetProperty("warnings").EnumerateArray());
        Assert.Equal(12, answer.Text("version").Length);
        Assert.Equal(
            """
            {"name":"inline","timeout":"1m30s","steps":{
            "a":{"agent":"perception","timeout":"1m"},
            "b":{"needs":["a"],"agent":"perception"}}}
            """.ReplaceLineEndings(""),
            answer.GetProperty("plan").GetRawText());
        using var again = await server.PostAsync("/api/v1/plans/check", answer.GetProperty("plan").GetRawText());
        Assert.Equal(answer.Text("version"), (await again.JsonAsync()).Text("version"));
        Assert.Empty(server.Grid.Submitted);
    }

    [Fact]
    public async Task Check_FileAsUnderConfig_KeepsItsName()
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.PostAsync(
            "/api/v1/plans/check", "plans:\n  mine:\n    steps:\n      a: { agent: perception }\n", "text/yaml");

        Assert.Equal("mine", (await response.JsonAsync()).GetProperty("plan").Text("name"));
    }

    [Theory]
    [InlineData("steps:\n  a:\n    agent: perceptoin\n", 3, 12, "steps.a.agent", "AG1011")]
    [InlineData("steps:\n  a: { agent: perception, needs: [c] }\n", 2, 35, "steps.a.needs[0]", "AG1102")]
    [InlineData("{\n\t\"steps\": {\"a\":\n {\"agent\": \"perception\", \"x\": 3}}}", 3, 26, "steps.a.x", "AG1002")]
    [InlineData("steps: [", 2, 1, "", "AG1001")]
    [InlineData("", 1, 1, "", "AG1101")]
    public async Task Check_Mistake_HasItsPlace(string text, int line, int column, string path, string code)
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.PostAsync("/api/v1/plans/check", text, Yaml);

        var answer = await response.JsonAsync();
        var problem = answer.GetProperty("problems")[0];
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(
            (code, path, line, column),
            (problem.Text("code"), problem.Text("path"), problem.GetProperty("line").GetInt32(),
                problem.GetProperty("column").GetInt32()));
        Assert.NotEmpty(problem.Text("message"));
        Assert.False(answer.TryGetProperty("plan", out _));
    }

    [Fact]
    public async Task Check_MistakesOfEveryKind_AreAllThere()
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.PostAsync(
            "/api/v1/plans/check",
            "steps:\n  a: { agent: nobody }\n  b: { needs: [z], agent: perception, tries: 3 }\n", Yaml);

        var problems = (await response.JsonAsync()).GetProperty("problems").EnumerateArray();
        Assert.Equal(
            ["steps.a.agent", "steps.b.needs[0]", "steps.b.tries"], problems.Select(p => p.Text("path")));
    }

    [Fact]
    public async Task Check_ReferenceInALiteralInput_IsWarnedOfAndCanBePosted()
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.PostAsync(
            "/api/v1/plans/check", "steps:\n  a: { agent: perception, input: { match: '{{ input.match_id }}' } }\n", Yaml);

        var answer = await response.JsonAsync();
        var warning = Assert.Single(answer.GetProperty("warnings").EnumerateArray());
        Assert.Empty(answer.GetProperty("problems").EnumerateArray());
        Assert.Equal(
            ("AG1118", "steps.a.input.match", 2, 43),
            (warning.Text("code"), warning.Text("path"), warning.GetProperty("line").GetInt32(),
                warning.GetProperty("column").GetInt32()));
        Assert.True(answer.TryGetProperty("plan", out _));
    }

    [Theory]
    [InlineData("text/plain", 415)]
    [InlineData("application/yaml; charset=latin1", 415)]
    [InlineData("application/x-yaml; charset=utf-8", 200)]
    [InlineData("application/json", 200)]
    [InlineData(null, 200)]
    public async Task Check_ContentType_IsYamlOrJson(string? type, int status)
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.PostAsync("/api/v1/plans/check", "steps: {}", type);

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Check_OpenApiExample_IsWhatIsAnswered()
    {
        await using var server = await TestServer.StartAsync();
        var document = await server.GetJsonAsync("/openapi/v1.json");
        var operation = document.GetProperty("paths").GetProperty("/api/v1/plans/check").GetProperty("post");
        var yaml = operation.GetProperty("requestBody").GetProperty("content").GetProperty(Yaml).Text("example");
        var promised = operation.GetProperty("responses").GetProperty("200").GetProperty("content")
            .GetProperty("application/json").GetProperty("example");

        using var response = await server.PostAsync("/api/v1/plans/check", yaml, Yaml);

        var answer = await response.JsonAsync();
        Assert.True(JsonElement.DeepEquals(promised, answer), answer.ToString());
    }
}
