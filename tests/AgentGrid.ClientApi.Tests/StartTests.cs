using System.Net;
using AgentGrid.Core;
using AgentGrid.Core.Grid;

namespace AgentGrid.ClientApi.Tests;

/// <summary>A run that is started in general words.</summary>
public sealed class StartTests
{
    private const string Path = "/api/v1/runs";

    [Fact]
    public async Task Post_KeyAndInput_StartsTheRunThatIsGivenTheInputAlone()
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.PostAsync(Path, """
            { "key": "article-17", "input": {"text": "long", "match_id": 1}, "plan": "summary", "priority": 3,
              "labels": {"team": "blue"}, "on_conflict": "supersede", "delay": "10m" }
            """);

        var json = await response.JsonAsync();
        var submit = Assert.Single(server.Grid.Submitted);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal(("article-17", "1"), (json.Text("match_id"), json.Text("round")));
        Assert.Equal(new RunKey("article-17", "1"), submit.Key);
        Assert.Equal("""{"text": "long", "match_id": 1}""", submit.Input.ToString());
        Assert.Equal(
            ("summary", 3, "team:blue", OnConflict.Supersede, TimeSpan.FromMinutes(10)),
            (submit.Plan, submit.Priority, submit.Labels?.ToString(), submit.OnConflict, submit.Delay));
    }

    [Theory]
    [InlineData("""{"key":"a/b/c"}""", "a/b", "c")]
    [InlineData("""{"key":"match_123/round_4","input":null}""", "match_123", "round_4")]
    [InlineData("""{"input":{},"key":"m\u00e9"}""", "mé", "1")]
    public async Task Post_KeyAlone_HasAnEmptyInput(string body, string match, string round)
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.PostAsync(Path, body);

        var submit = Assert.Single(server.Grid.Submitted);
        Assert.Equal(new RunKey(match, round), submit.Key);
        Assert.Equal("{}", submit.Input.ToString());
    }

    [Fact]
    public async Task Post_SameKey_IsTheSameRun()
    {
        await using var server = await TestServer.StartAsync();

        using var first = await server.PostAsync(Path, """{"key":"k"}""");
        using var again = await server.PostAsync(Path, """{"key":"k/1"}""");

        Assert.Equal((await first.JsonAsync()).Text("run_id"), (await again.JsonAsync()).Text("run_id"));
    }

    [Theory]
    [InlineData("", "AG2002", "$", "The body is empty; expected a JSON object with a 'key'.")]
    [InlineData("[]", "AG2003", "$", "The body must be a JSON object with a 'key'; it is a list.")]
    [InlineData("{}", "AG2002", "key", "'key' is missing; it names the run.")]
    [InlineData("""{"key":7}""", "AG2003", "key", "'key' must be a string; it is a number.")]
    [InlineData("""{"key":""}""", "AG2004", "key", "'key' must not be empty.")]
    [InlineData("""{"key":"a/"}""", "AG2004", "key", "Neither what is before the last slash of 'key' nor what is behind it may be empty.")]
    [InlineData("""{"key":"/"}""", "AG2004", "key", "Neither what is before the last slash of 'key' nor what is behind it may be empty.")]
    [InlineData("""{"key":"a\u0000"}""", "AG2005", "key", "'key'")]
    [InlineData("""{"key":"a","input":[]}""", "AG2003", "input", "'input' must be an object; it is a list.")]
    [InlineData("""{"key":"a","key":"b"}""", "AG2007", "key", "'key' is there twice.")]
    [InlineData("""{"key":"a","inputs":{}}""", "AG2015", "inputs", "'inputs' is not known here, did you mean 'input'?")]
    [InlineData("""{"key":"a","match_id":"m"}""", "AG2015", "match_id", "'match_id' is not known here.")]
    [InlineData("""{"key":"a","grid_snapshot":{}}""", "AG2015", "grid_snapshot", "'grid_snapshot' is not known here.")]
    public async Task Post_WhatDoesNotFit_IsRefusedWithItsPlace(string body, string code, string field, string detail)
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.PostAsync(Path, body);

        var problem = await response.JsonAsync();
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal((code, field), (problem.Text("code"), problem.Text("field")));
        Assert.StartsWith(detail, problem.Text("detail"));
        Assert.Empty(server.Grid.Submitted);
    }
}
