using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using AgentGrid.Client;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Runs;

namespace AgentGrid.ClientApi.Tests;

/// <summary>The bytes that runs have written, over HTTP.</summary>
public sealed class ArtifactsTests
{
    [Fact]
    public async Task List_ShowsEachWithItsStepsAndLink()
    {
        await using var server = await TestServer.StartAsync();
        var sound = Put(server, "voice", "audio/wav", "RIFF");
        var run = AddRun(server, ("a", new { sound }), ("b", new object[] { 1, new { again = sound } }), ("c", "nothing"));

        var json = await server.GetJsonAsync($"/api/v1/runs/{run}/artifacts");

        Assert.Equal(
            Json.From(new
            {
                artifacts = new[]
                {
                    new
                    {
                        name = "voice", media_type = "audio/wav", bytes = 4, sha256 = sound.Sha256, steps = new[] { "a", "b" },
                        link = $"/api/v1/runs/{run}/artifacts/{sound.Sha256}",
                    },
                },
            }).ToString(),
            json.GetRawText());
        Assert.Equal("RIFF", await server.Http.GetStringAsync(json.GetProperty("artifacts")[0].Text("link")));
    }

    [Fact]
    public async Task Get_ByName_SendsBytesThatRunNowhere()
    {
        await using var server = await TestServer.StartAsync();
        var run = AddRun(server, ("a", new object[]
        {
            Put(server, "page", "text/html; charset=utf-8", "<script>alert(1)</script>"), Put(server, "drawing", "image/svg+xml", "<svg/>"),
            Put(server, "picture", "image/png", "png"), Put(server, "frames", "application/x-npy", "0123456789"),
        }));

        foreach (var (name, disposition) in new[] { ("page", "attachment"), ("drawing", "attachment"), ("picture", "inline"), ("frames", "attachment") })
        {
            using var response = await server.Http.GetAsync($"/api/v1/runs/{run}/artifacts/{name}");
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal((disposition, name), (
                response.Content.Headers.ContentDisposition?.DispositionType,
                response.Content.Headers.ContentDisposition?.FileName?.Trim('"')));
            Assert.Equal(["nosniff"], response.Headers.GetValues("X-Content-Type-Options"));
            Assert.Equal(["default-src 'none'; sandbox"], response.Headers.GetValues("Content-Security-Policy"));
            Assert.Equal("bytes", response.Headers.AcceptRanges.Single());
        }
    }

    [Fact]
    public async Task Get_RangesAndTags_AreServed()
    {
        await using var server = await TestServer.StartAsync();
        var frames = Put(server, "frames", "application/x-npy", "0123456789");
        var path = $"/api/v1/runs/{AddRun(server, ("a", frames))}/artifacts/frames";

        using var part = await SendAsync(server, path, static r => r.Headers.Range = new RangeHeaderValue(2, 4));
        using var tail = await SendAsync(server, path, static r => r.Headers.Range = new RangeHeaderValue(null, 3));
        using var outside = await SendAsync(server, path, static r => r.Headers.Range = new RangeHeaderValue(10, 20));
        using var known = await SendAsync(server, path, r => r.Headers.IfNoneMatch.Add(new EntityTagHeaderValue($"\"{frames.Sha256}\"")));
        using var head = await SendAsync(server, path, static r => r.Method = HttpMethod.Head);

        Assert.Equal((HttpStatusCode.PartialContent, "234"), (part.StatusCode, await part.Content.ReadAsStringAsync()));
        Assert.Equal((2, 4, 10), (part.Content.Headers.ContentRange!.From!, part.Content.Headers.ContentRange.To!, part.Content.Headers.ContentRange.Length!));
        Assert.Equal("789", await tail.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, outside.StatusCode);
        Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
        Assert.Equal((HttpStatusCode.OK, 10), (head.StatusCode, head.Content.Headers.ContentLength));
        Assert.Equal($"\"{frames.Sha256}\"", head.Headers.ETag!.Tag);
    }

    [Fact]
    public async Task Get_NameThatIsThereTwice_AsksForTheStepOrTheHash()
    {
        await using var server = await TestServer.StartAsync();
        var (first, second) = (Put(server, "frames", "text/plain", "one"), Put(server, "frames", "text/plain", "two"));
        var run = AddRun(server, ("a", first), ("b", second));

        using var both = await server.Http.GetAsync($"/api/v1/runs/{run}/artifacts/frames");

        Assert.Equal((HttpStatusCode.Conflict, "AG2032"), (both.StatusCode, (await both.JsonAsync()).Text("code")));
        Assert.Equal("two", await server.Http.GetStringAsync($"/api/v1/runs/{run}/artifacts/frames?step=b"));
        Assert.Equal("one", await server.Http.GetStringAsync($"/api/v1/runs/{run}/artifacts/{first.Sha256}"));
    }

    [Fact]
    public async Task GridClient_ListsAndReads()
    {
        await using var server = await TestServer.StartAsync();
        using var client = new GridClient(server.Address);
        var (first, second) = (Put(server, "frames", "text/plain", "one"), Put(server, "frames", "text/plain", "two"));
        var run = AddRun(server, ("a", first), ("b", second)).Value;

        var listed = await client.GetArtifactsAsync(run);
        await using var content = await client.OpenArtifactAsync(run, "frames", "b");
        var refused = await Assert.ThrowsAsync<GridProblemException>(() => client.OpenArtifactAsync(run, "frames"));

        Assert.Equal([("frames", "text/plain", 3, first.Sha256, "a"), ("frames", "text/plain", 3, second.Sha256, "b")],
            listed.Select(static a => (a.Name, a.MediaType, (int)a.Bytes, a.Sha256, a.Steps.Single())));
        Assert.Equal("two", await new StreamReader(content).ReadToEndAsync());
        Assert.Equal("AG2032", refused.Code);
    }

    [Fact]
    public async Task Get_WhatIsNotThere_SaysSo()
    {
        await using var server = await TestServer.StartAsync();
        var kept = Put(server, "frames", "text/plain", "one");
        var gone = new ArtifactReference("gone", "text/plain", 3, new string('1', 64));
        var cut = kept with { Name = "cut", Bytes = 4 };
        var run = AddRun(server, ("a", new[] { kept, gone, cut }));
        var other = AddRun(server, ("a", "nothing"));

        foreach (var (path, status, code) in new[]
        {
            ($"{run}/artifacts/frames?step=b", 404, "AG2027"), ($"{run}/artifacts/farmes", 404, "AG2027"),
            ($"{run}/artifacts/gone", 404, "AG2027"), ($"{run}/artifacts/cut", 500, "AG2053"),
            // A hash that somebody knows is no key to another run.
            ($"{other}/artifacts/{kept.Sha256}", 404, "AG2027"), ($"{run}/artifacts/..%2F..%2Fetc%2Fpasswd", 404, "AG2027"),
            ($"{new string('0', 32)}/artifacts/frames", 404, "AG2021"), ($"nonsense/artifacts", 404, "AG2021"),
        })
        {
            using var response = await server.Http.GetAsync($"/api/v1/runs/{path}");
            Assert.Equal((path, (HttpStatusCode)status, code), (path, response.StatusCode, (await response.JsonAsync()).Text("code")));
        }
    }

    private static Task<HttpResponseMessage> SendAsync(TestServer server, string path, Action<HttpRequestMessage> change)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        change(request);
        return server.Http.SendAsync(request);
    }

    private static ArtifactReference Put(TestServer server, string name, string type, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
        server.Grid.Artifacts[hash] = bytes;
        return new ArtifactReference(name, type, bytes.Length, hash);
    }

    private static RunId AddRun(TestServer server, params (string Id, object Output)[] steps)
    {
        var id = server.Grid.Add().Summary.RunId;
        server.Grid.Update(id, run => run with
        {
            Steps = [.. steps.Select(static s => new StepDetails
            {
                Id = s.Id, Status = StepStatus.Completed, Mode = "one", Attempts = [], Output = Json.From(s.Output),
            })],
        });
        return id;
    }
}
