using System.Net;

namespace AgentGrid.ClientApi.Tests;

/// <summary>HEAD is wherever GET is: the same status and headers, without a body.</summary>
public sealed class HeadTests
{
    // What every answer has anew, and how a body is cut into pieces that is not sent.
    private static readonly string[] s_ofEachAnswer = ["Date", "Transfer-Encoding"];

    [Fact]
    public async Task Head_OfEveryGet_HasItsStatusAndHeadersAndNoBody()
    {
        await using var server = await TestServer.StartAsync();
        var run = server.Grid.Add().Summary.RunId;
        var document = await server.GetJsonAsync("/openapi/v1.json");
        var paths = document.GetProperty("paths").EnumerateObject()
            .Where(p => p.Value.TryGetProperty("get", out _))
            .Select(p => p.Name.Replace("{run_id}", run.Value, StringComparison.Ordinal)
                .Replace("{step}", "a", StringComparison.Ordinal))
            .Concat(["/", "/console/app.js", "/openapi/v1.json", "/api/v1/runs?limit=0", $"/api/v1/runs/{Guid.Empty:N}"])
            .ToList();

        foreach (var path in paths)
        {
            using var get = await server.Http.GetAsync(path);
            using var request = new HttpRequestMessage(HttpMethod.Head, path);
            using var head = await server.Http.SendAsync(request);

            Assert.Equal((path, get.StatusCode), (path, head.StatusCode));
            Assert.Equal((path, HeadersOf(get)), (path, HeadersOf(head)));
            Assert.Empty(await head.Content.ReadAsByteArrayAsync());
        }
        Assert.True(paths.Count >= 17, string.Join(", ", paths));
    }

    [Fact]
    public async Task Head_OfAPost_IsNotAllowed()
    {
        await using var server = await TestServer.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Head, "/api/v1/orchestrate");

        using var response = await server.Http.SendAsync(request);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal(["POST"], response.Content.Headers.Allow);
    }

    private static string HeadersOf(HttpResponseMessage response)
    {
        // Where no length was said, the client has counted it; and metrics are others each time.
        var withLength = response.Headers.TransferEncodingChunked != true
            && response.RequestMessage!.RequestUri!.AbsolutePath != "/metrics";
        return string.Join('\n', response.Headers.Concat(response.Content.Headers)
            .Where(h => !s_ofEachAnswer.Contains(h.Key) && (withLength || h.Key != "Content-Length"))
            .Select(h => $"{h.Key}: {string.Join(", ", h.Value)}").Order(StringComparer.Ordinal));
    }
}
