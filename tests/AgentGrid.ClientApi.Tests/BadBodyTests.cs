using System.Net;
using System.Text;

namespace AgentGrid.ClientApi.Tests;

/// <summary>What is wrong with a body is answered with 400 and the place, and never reaches the grid.</summary>
public sealed class BadBodyTests
{
    private const string Path = "/api/v1/orchestrate";

    public static TheoryData<string, string, string, string> Bodies => new()
    {
        // body, code, field, a part of the detail
        { "", "AG2002", "$", "empty" },
        { "   ", "AG2001", "$", "line 1" },
        { "null", "AG2003", "$", "null" },
        { "[]", "AG2003", "$", "a list" },
        { "\"x\"", "AG2003", "$", "a string" },
        { "{\"match_id\":\"m\",\n\"round\":}", "AG2001", "round", "line 2, byte 9" },
        { "{\"match_id\":\"m\",\"round\":\"r\"", "AG2001", "round", "line 1" },
        { "{\"match_id\":\"m\",\"round\":\"r\"} x", "AG2001", "$", "line 1" },
        { "{\"match_id\":\"m\",\"round\":\"r\",}", "AG2001", "round", "line 1" },
        { "{\"match_id\":\"m\",/*c*/\"round\":\"r\"}", "AG2001", "match_id", "line 1" },
        { "{\"match_id\":\"m\",\"round\":\"a\nb\"}", "AG2001", "round", "line" },
        { "{\"round\":\"r\"}", "AG2002", "match_id", "missing" },
        { "{\"match_id\":\"m\"}", "AG2002", "round", "missing" },
        { "{\"match_id\":7,\"round\":\"r\"}", "AG2003", "match_id", "a number" },
        { "{\"match_id\":null,\"round\":\"r\"}", "AG2003", "match_id", "null" },
        { "{\"match_id\":{},\"round\":\"r\"}", "AG2003", "match_id", "an object" },
        { "{\"match_id\":\"m\",\"round\":1.5}", "AG2003", "round", "a number" },
        { "{\"match_id\":\"m\",\"round\":1e400}", "AG2003", "round", "a number" },
        { "{\"match_id\":\"m\",\"round\":true}", "AG2003", "round", "true or false" },
        { "{\"match_id\":\"\",\"round\":\"r\"}", "AG2004", "match_id", "empty" },
        { "{\"match_id\":\"m\",\"round\":\"a\\nb\"}", "AG2004", "round", "control" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"grid_snapshot\":[]}", "AG2003", "grid_snapshot", "a list" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"grid_snapshot\":null}", "AG2003", "grid_snapshot", "null" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"input\":\"x\"}", "AG2003", "input", "a string" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"plan\":[1]}", "AG2003", "plan", "a list" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"plan\":\"a\\u0000\"}", "AG2005", "plan", "NUL" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"priority\":\"1\"}", "AG2003", "priority", "a string" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"priority\":101}", "AG2004", "priority", "-100 to 100" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"priority\":1.5}", "AG2004", "priority", "whole" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"priority\":-2147483648}", "AG2004", "priority", "-100 to 100" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"webhooks\":{}}", "AG2003", "webhooks", "a list of" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"webhooks\":[{\"url\":\"ftp://x\"}]}", "AG2004", "webhooks[0].url", "http or https" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"webhooks\":[{\"url\":\"http://x\",\"on\":[\"ended\"]}]}", "AG2004", "webhooks[0].on", "ended" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"on_conflict\":1}", "AG2003", "on_conflict", "fail, use_existing or supersede" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"on_conflict\":\"win\"}", "AG2004", "on_conflict", "it is 'win'" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"labels\":[\"x\"]}", "AG2003", "labels", "an object of texts" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"labels\":{\"x\":1}}", "AG2003", "labels", "it has a number" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"labels\":{\"X\":\"1\"}}", "AG2004", "labels", "'X' is not the name of a label" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"labels\":{\"x\":\"1\",\"x\":\"2\"}}", "AG2004", "labels", "'x' is there twice" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"labels\":{\"x\":\"\\u0000\"}}", "AG2005", "labels.x", "NUL" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"delay\":600}", "AG2003", "delay", "a duration such as 30s, 10m" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"delay\":\"10\"}", "AG2004", "delay", "write 10s" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"delay\":\"366d\"}", "AG2004", "delay", "365d" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"start_at\":1767582000}", "AG2003", "start_at", "a time with its offset" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"start_at\":\"tomorrow\"}", "AG2004", "start_at", "it is 'tomorrow'" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"start_at\":\"2026-01-05T03:00\"}", "AG2004", "start_at", "offset from UTC" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"round\":\"s\"}", "AG2007", "round", "twice" },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"x\":1,\"\\u0078\":2}", "AG2007", "[\"\\u0078\"]", "twice" },
        { "{\"match_id\":\"a\\u0000b\",\"round\":\"r\"}", "AG2005", "match_id", "NUL" },
        { "{\"match_id\":\"\\ud800\",\"round\":\"r\"}", "AG2005", "match_id", "surrogate" },
        { "{\"match_id\":\"\\udc00\",\"round\":\"r\"}", "AG2005", "match_id", "surrogate" },
        { "{\"match_id\":\"\\ud800\\u0041\",\"round\":\"r\"}", "AG2005", "match_id", "surrogate" },
        { "{\"match_id\":\"\\ud800\\n\",\"round\":\"r\"}", "AG2005", "match_id", "surrogate" },
        {
            "{\"match_id\":\"m\",\"round\":\"r\",\"grid_snapshot\":{\"players\":[{},{\"role\":\"\\ud83d\"}]}}",
            "AG2005", "grid_snapshot.players[1].role", "surrogate"
        },
        {
            "{\"match_id\":\"m\",\"round\":\"r\",\"grid_snapshot\":{\"a\\u0000\":1}}",
            "AG2005", "grid_snapshot[\"a\\u0000\"]", "NUL"
        },
        { "{\"match_id\":\"m\",\"round\":\"r\",\"plan\":{\"a\":[\"\\udfff\"]}}", "AG2005", "plan.a[0]", "surrogate" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Post_BadBody_NamesCodeAndField(string body, string code, string field, string detail)
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.PostAsync(Path, body);

        await ExpectAsync(response, code, field, detail);
        Assert.Empty(server.Grid.Submitted);
    }

    [Fact]
    public async Task Post_ValidSurrogatePairsAndEscapes_AreAccepted()
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.PostAsync(
            Path, """{"match_id":"\ud83d\ude00\\u0000","round":"r","x":"\\ud800 \" \u0041\ud83d\ude00\n"}""");

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal("😀\\u0000", server.Grid.Submitted[0].Key.MatchId);
    }

    [Theory]
    [InlineData('a')]
    [InlineData('\u00e9')]
    public async Task Post_MegabyteId_IsRefusedInShort(char letter)
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.PostAsync(
            Path, $$"""{"match_id":"{{new string(letter, 1_000_000)}}","round":"r"}""");

        await ExpectAsync(response, "AG2004", "match_id", "1000000 characters");
        Assert.True(response.Content.Headers.ContentLength < 1_000);
    }

    [Theory]
    [InlineData(63, true)]
    [InlineData(64, false)]
    [InlineData(100_000, false)]
    public async Task Post_Nesting_IsLimited(int levels, bool accepted)
    {
        await using var server = await TestServer.StartAsync();
        var nested = new string('[', levels) + new string(']', levels);

        using var response = await server.PostAsync(Path, $$"""{"match_id":"m","round":"r","x":{{nested}}}""");

        if (accepted)
        {
            Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        }
        else
        {
            await ExpectAsync(response, "AG2006", "x" + string.Concat(Enumerable.Repeat("[0]", 63)), "64 levels");
        }
    }

    [Theory]
    [InlineData(new byte[] { 0xff })]
    [InlineData(new byte[] { 0xed, 0xa0, 0x80 })]
    [InlineData(new byte[] { 0xc0, 0x80 })]
    public async Task Post_InvalidUtf8_NamesTheField(byte[] bytes)
    {
        await using var server = await TestServer.StartAsync();
        byte[] body = [.. "{\"match_id\":\"m\",\"round\":\""u8, .. bytes, .. "\"}"u8];

        using var response = await server.Http.PostAsync(Path, new ByteArrayContent(body));

        await ExpectAsync(response, "AG2005", "round", "byte 26");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Post_TooLargeBody_Answers413(bool announced)
    {
        await using var server = await TestServer.StartAsync("--AgentGrid:MaxBodyBytes=2000");
        HttpContent content = new StringContent(
            $$"""{"match_id":"m","round":"r","x":"{{new string('x', 200_000)}}"}""", Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, Path) { Content = content };
        request.Headers.TransferEncodingChunked = !announced;

        using var response = await server.Http.SendAsync(request);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Equal("AG2009", (await response.JsonAsync()).Text("code"));
    }

    [Fact]
    public async Task Post_LargeChunkedBody_IsReadWhole()
    {
        await using var server = await TestServer.StartAsync();
        var body = $$"""{"match_id":"m","round":"r","x":"{{new string('x', 3_000_000)}}"}""";
        using var request = new HttpRequestMessage(HttpMethod.Post, Path) { Content = new StringContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.TransferEncodingChunked = true;

        using var response = await server.Http.SendAsync(request);

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal(body, server.Grid.Submitted[0].Input.ToString());
    }

    [Theory]
    [InlineData("application/json", true)]
    [InlineData("application/json; charset=UTF-8", true)]
    [InlineData("application/vnd.game+json", true)]
    [InlineData(null, true)]
    [InlineData("application/x-www-form-urlencoded", false)]
    [InlineData("application/json; charset=utf-16", false)]
    [InlineData("text/plain", false)]
    [InlineData("nonsense", false)]
    public async Task Post_ContentType_MustBeJsonInUtf8(string? type, bool accepted)
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.PostAsync(Path, """{"match_id":"m","round":"r"}""", type);

        Assert.Equal(accepted ? HttpStatusCode.Accepted : HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        if (!accepted)
        {
            Assert.Equal("AG2010", (await response.JsonAsync()).Text("code"));
        }
    }

    [Fact]
    public async Task Post_BadWait_IsRefusedBeforeTheRunStarts()
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.PostAsync(Path + "?wait=soon", """{"match_id":"m","round":"r"}""");

        await ExpectAsync(response, "AG2008", "wait", "30s");
        Assert.Empty(server.Grid.Submitted);
    }

    private static async Task ExpectAsync(HttpResponseMessage response, string code, string field, string detail)
    {
        var json = await response.JsonAsync();
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal((code, field), (json.Text("code"), json.Text("field")));
        Assert.Contains(detail, json.Text("detail"));
    }
}
