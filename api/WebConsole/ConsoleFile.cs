using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;

namespace AgentGrid.Api.WebConsole;

/// <summary>One file of the web console. Its tag is its content: an upgrade is noticed, and nothing else is.</summary>
internal sealed class ConsoleFile(string contentType, byte[] content)
{
    private readonly EntityTagHeaderValue _tag = new($"\"{Convert.ToHexStringLower(SHA256.HashData(content)[..12])}\"");

    public string ContentType => contentType;

    // 'no-cache' keeps the file and asks for its tag each time: modules of two versions never meet in one page.
    public IResult Answer(HttpResponse response)
    {
        response.Headers.CacheControl = "no-cache";
        response.Headers.XContentTypeOptions = "nosniff";
        return Results.Bytes(content, contentType, entityTag: _tag);
    }
}
