using System.IO.Compression;
using System.Net;
using System.Text;

namespace AgentGrid.ClientApi.Tests;

/// <summary>Bodies that come packed, and in other encodings than they should.</summary>
public sealed class PackedBodyTests
{
    private const string Path = "/api/v1/orchestrate";
    private const string Body = """{"match_id":"m","round":"é","x":"😀"}""";

    [Theory]
    [InlineData("gzip")]
    [InlineData("x-gzip")]
    [InlineData("GZIP")]
    [InlineData("br")]
    [InlineData("deflate")]
    [InlineData("identity")]
    public async Task Post_Packed_IsReadAsIfItWereNot(string coding)
    {
        await using var server = await TestServer.StartAsync();

        using var response = await PostAsync(server, Pack(Utf8(Body), coding), coding);

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal(Body, server.Grid.Submitted[0].Input.ToString());
    }

    [Theory]
    [InlineData("runs/{run}/cancel", """{"reason":"enough"}""")]
    [InlineData("route", """{"capability":"a"}""")]
    [InlineData("plans/check", """{"steps":{"a":{"agent":"perception"}}}""")]
    public async Task AnyBody_Packed_IsReadAsIfItWereNot(string path, string body)
    {
        await using var server = await TestServer.StartAsync();
        path = "/api/v1/" + path.Replace("{run}", server.Grid.Add().Summary.RunId.Value, StringComparison.Ordinal);

        using var response = await PostAsync(server, Pack(Utf8(body), "gzip"), "gzip", path);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task Post_PackedAndLargerThanAllowed_Answers413AndUnpacksNoMore(string coding)
    {
        await using var server = await TestServer.StartAsync("--AgentGrid:MaxBodyBytes=1000000");
        var bomb = Pack(new byte[300_000_000], coding);
        Assert.InRange(bomb.Length, 1, 999_999);
        using var warm = await PostAsync(server, Pack(new byte[1_000_001], coding), coding);
        var before = GC.GetTotalAllocatedBytes();

        using var response = await PostAsync(server, bomb, coding);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Equal("AG2009", (await response.JsonAsync()).Text("code"));
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 20_000_000);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    public async Task Post_PackedAndJustAsLargeAsAllowed_IsAccepted(string coding)
    {
        await using var server = await TestServer.StartAsync("--AgentGrid:MaxBodyBytes=100000");
        var fits = Body + new string(' ', 100_000 - Utf8(Body).Length);

        using var accepted = await PostAsync(server, Pack(Utf8(fits), coding), coding);
        using var refused = await PostAsync(server, Pack(Utf8(fits + " "), coding), coding);

        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
    }

    [Theory]
    [InlineData("zstd")]
    [InlineData("compress")]
    [InlineData("gzip, br")]
    [InlineData("gzip, gzip")]
    [InlineData("*")]
    public async Task Post_PackedInAnUnknownWay_Answers415WithTheKnownOnes(string coding)
    {
        await using var server = await TestServer.StartAsync();

        using var response = await PostAsync(server, Utf8(Body), coding);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        Assert.Equal("AG2013", (await response.JsonAsync()).Text("code"));
        Assert.Equal("gzip, br, deflate", Assert.Single(response.Headers.GetValues("Accept-Encoding")));
        Assert.Empty(server.Grid.Submitted);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task Post_PackedAndBroken_NamesTheCoding(string coding)
    {
        await using var server = await TestServer.StartAsync();
        var packed = Pack(Utf8(Body + new string(' ', 5_000) + Guid.NewGuid()), coding);
        byte[][] broken =
        [
            Utf8(Body), packed[..(packed.Length / 2)], packed[..^1], [.. packed.Select(b => (byte)~b)],
            // As zlib, it asks for a dictionary.
            Convert.FromBase64String("eH2rVsp4AatWyg=="),
        ];

        foreach (var body in broken)
        {
            using var response = await PostAsync(server, body, coding);

            var json = await response.JsonAsync();
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            Assert.Equal("AG2014", json.Text("code"));
            Assert.Contains($"'Content-Encoding: {coding}'", json.Text("detail"));
        }
    }

    [Fact]
    public async Task Post_PackedAndNothing_IsEmpty()
    {
        await using var server = await TestServer.StartAsync();

        using var response = await PostAsync(server, [], "gzip");

        Assert.Equal("AG2002", (await response.JsonAsync()).Text("code"));
    }

    [Fact]
    public async Task Post_PackedWithoutSayingSo_IsToldToSaySo()
    {
        await using var server = await TestServer.StartAsync();

        using var response = await PostAsync(server, Pack(Utf8(Body), "gzip"), null);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("'Content-Encoding: gzip'", (await response.JsonAsync()).Text("detail"));
    }

    [Theory]
    [InlineData("orchestrate", Body, HttpStatusCode.Accepted)]
    [InlineData("route", """{"capability":"a"}""", HttpStatusCode.OK)]
    [InlineData("plans/check", "steps: {a: {agent: perception}}", HttpStatusCode.OK)]
    public async Task AnyBody_WithAByteOrderMark_IsReadWithoutIt(string path, string body, HttpStatusCode status)
    {
        await using var server = await TestServer.StartAsync();

        using var response = await PostAsync(server, [0xEF, 0xBB, 0xBF, .. Utf8(body)], null, $"/api/v1/{path}");

        Assert.Equal(status, response.StatusCode);
        if (path == "orchestrate")
        {
            Assert.Equal(Body, server.Grid.Submitted[0].Input.ToString());
        }
        if (path == "plans/check")
        {
            Assert.Empty((await response.JsonAsync()).GetProperty("problems").EnumerateArray());
        }
    }

    [Theory]
    [InlineData("utf-16", true, "UTF-16")]
    [InlineData("utf-16", false, "UTF-16")]
    [InlineData("utf-16BE", true, "UTF-16")]
    [InlineData("utf-16BE", false, "UTF-16")]
    [InlineData("utf-32", true, "UTF-32")]
    [InlineData("utf-32", false, "UTF-32")]
    [InlineData("utf-32BE", true, "UTF-32")]
    [InlineData("utf-32BE", false, "UTF-32")]
    public async Task Post_InAnotherEncoding_NamesIt(string encoding, bool mark, string name)
    {
        await using var server = await TestServer.StartAsync();
        var wide = Encoding.GetEncoding(encoding);

        using var response = await PostAsync(server, [.. mark ? wide.GetPreamble() : [], .. wide.GetBytes(Body)], null);

        var json = await response.JsonAsync();
        Assert.Equal((HttpStatusCode.BadRequest, "AG2005"), (response.StatusCode, json.Text("code")));
        Assert.StartsWith($"The body is {name}; expected UTF-8.", json.Text("detail"));
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Pack(byte[] body, string coding)
    {
        var packed = new MemoryStream();
        using (Stream? pack = coding.ToLowerInvariant() switch
        {
            "gzip" or "x-gzip" => new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true),
            "br" => new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true),
            "deflate" => new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true),
            _ => null,
        })
        {
            (pack ?? packed).Write(body);
        }
        return packed.ToArray();
    }

    private static async Task<HttpResponseMessage> PostAsync(
        TestServer server, byte[] body, string? coding, string path = Path)
    {
        var content = new ByteArrayContent(body);
        content.Headers.TryAddWithoutValidation(
            "Content-Type", path.EndsWith("check", StringComparison.Ordinal) ? "application/yaml" : "application/json");
        if (coding is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Encoding", coding);
        }
        return await server.Http.PostAsync(path, content);
    }
}
