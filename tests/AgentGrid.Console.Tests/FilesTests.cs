using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;

namespace AgentGrid.Console.Tests;

/// <summary>How the console's files are served; no browser needed.</summary>
public sealed partial class FilesTests
{
    [Fact]
    public async Task Root_AskedByABrowser_IsThePageWithAStrictPolicy()
    {
        await using var server = await ConsoleServer.StartAsync();

        using var page = await GetAsync(server, "/", "text/html");
        var html = await page.Content.ReadAsStringAsync();

        Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
        var policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("script-src 'self';", policy);
        Assert.DoesNotContain("unsafe", policy);
        Assert.DoesNotMatch(Inline(), html);
        Assert.Contains("Accept", page.Headers.GetValues("Vary"));
    }

    [Fact]
    public async Task Root_AskedByAnythingElse_IsStillTheText()
    {
        await using var server = await ConsoleServer.StartAsync();

        Assert.StartsWith("Agent Grid", await server.Http.GetStringAsync("/"));
    }

    [Fact]
    public async Task EveryFileThatIsReferredTo_IsThereWithItsType()
    {
        await using var server = await ConsoleServer.StartAsync();
        var seen = new Dictionary<string, string?>();
        using var page = await GetAsync(server, "/", "text/html");
        var html = await page.Content.ReadAsStringAsync();
        var next = new Stack<string>(Reference().Matches(html).Select(m => m.Groups[1].Value));

        while (next.TryPop(out var path))
        {
            using var response = await GetAsync(server, path, "*/*");
            Assert.True(response.IsSuccessStatusCode, $"{path}: {response.StatusCode}");
            seen[path] = response.Content.Headers.ContentType!.MediaType;
            Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
            foreach (Match import in Import().Matches(await response.Content.ReadAsStringAsync()))
            {
                var target = new Uri(new Uri(server.Url, path), import.Groups[1].Value).AbsolutePath.TrimStart('/');
                if (!seen.ContainsKey(target))
                {
                    next.Push(target);
                }
            }
        }

        Assert.Contains("console/views/skeleton.js", seen.Keys);
        var scripts = seen.Where(f => f.Key.EndsWith(".js", StringComparison.Ordinal));
        Assert.All(scripts, f => Assert.Equal("text/javascript", f.Value));
        Assert.Equal("text/css", seen["console/css/base.css"]);
        Assert.Equal("image/svg+xml", seen["console/icon.svg"]);
    }

    [Fact]
    public async Task File_AskedAgainWithItsTag_IsNotSentAgain()
    {
        await using var server = await ConsoleServer.StartAsync();
        using var first = await GetAsync(server, "console/app.js", "*/*");

        using var again = new HttpRequestMessage(HttpMethod.Get, "console/app.js");
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await server.Http.SendAsync(again);

        Assert.True(first.Headers.CacheControl!.NoCache);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
    }

    [Fact]
    public async Task Files_WithKeysConfigured_AreOpenAndDataIsNot()
    {
        await using var server = await ConsoleServer.StartAsync(
            "--api-key-hash", "sha256:0000000000000000000000000000000000000000000000000000000000000000");

        using var page = await GetAsync(server, "/", "text/html");
        using var data = await GetAsync(server, "api/v1/runs", "application/json");

        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, data.StatusCode);
    }

    [Fact]
    public void Scripts_Never_MakeMarkupOfText()
    {
        var assembly = typeof(Api.AgentGridApi).Assembly;
        var names = assembly.GetManifestResourceNames();
        var scripts = names.Where(n => n.EndsWith(".js", StringComparison.Ordinal)).ToArray();

        Assert.True(scripts.Length > 10, string.Join(", ", scripts));
        Assert.All(scripts, name =>
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            Assert.DoesNotMatch(Dangerous(), reader.ReadToEnd());
        });
    }

    private static Task<HttpResponseMessage> GetAsync(ConsoleServer server, string path, string accept)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(accept));
        return server.Http.SendAsync(request);
    }

    [GeneratedRegex("<style|style=|<script>|\\son[a-z]+=")]
    private static partial Regex Inline();

    [GeneratedRegex("(?:src|href)=\"(console/[^\"]+)\"")]
    private static partial Regex Reference();

    [GeneratedRegex("from '(\\.[^']+)'")]
    private static partial Regex Import();

    [GeneratedRegex("innerHTML|outerHTML|insertAdjacentHTML|document\\.write|\\beval\\(|new Function|DOMParser|srcdoc")]
    private static partial Regex Dangerous();
}
