using System.Text;

namespace AgentGrid.ClientApi.Tests.Fuzz;

/// <summary>One hostile request.</summary>
internal sealed record FuzzCase(
    string Method, string Target, byte[] Body, string? ContentType, IReadOnlyList<(string Name, string Value)> Headers)
{
    public HttpRequestMessage ToRequest(Uri server)
    {
        // As written: the class would tidy it up otherwise.
        var request = new HttpRequestMessage(new HttpMethod(Method), new Uri(
            $"http://{server.Authority}{Target}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        if (Method is not ("GET" or "HEAD"))
        {
            request.Content = new ByteArrayContent(Body);
            if (ContentType is not null)
            {
                request.Content.Headers.TryAddWithoutValidation("Content-Type", ContentType);
            }
        }
        foreach (var (name, value) in Headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, value);
            }
        }
        return request;
    }

    public override string ToString() => $"""
        {Method} {Target}
        {string.Join('\n', Headers.Select(h => $"{h.Name}: {h.Value}"))}
        Content-Type: {ContentType}

        {Encoding.UTF8.GetString(Body)}
        (as base64: {Convert.ToBase64String(Body)})
        """;
}
