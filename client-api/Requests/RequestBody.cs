using System.Buffers;
using System.Net.Http.Headers;
using AgentGrid.ClientApi.Problems;
using AgentGrid.Core;

namespace AgentGrid.ClientApi.Requests;

/// <summary>A request's body in one piece of pooled memory; dispose of it to give the memory back.</summary>
internal sealed class RequestBody : IDisposable
{
    private const int FirstBytes = 64 * 1024;

    // RFC 9512, and what was in use before it.
    private static readonly HashSet<string> s_yaml = new(StringComparer.OrdinalIgnoreCase)
    {
        "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml",
    };

    private byte[] _buffer;
    private int _length;

    private RequestBody(int size) => _buffer = ArrayPool<byte>.Shared.Rent(size);

    public ReadOnlySpan<byte> Utf8 => _buffer.AsSpan(0, _length);

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _length = 0;
    }

    /// <summary>
    /// Reads the body of a request that declares JSON, or declares nothing. Memory grows with what has arrived, not
    /// with what was announced.
    /// </summary>
    /// <param name="yaml">Whether it may declare YAML as well.</param>
    public static async ValueTask<(RequestBody? Body, ApiProblem? Problem)> ReadAsync(
        HttpRequest request, int maxBytes, bool yaml = false)
    {
        if (CheckContentType(request.ContentType, yaml) is { } unsupported)
        {
            return (null, unsupported);
        }
        if (request.ContentLength > maxBytes)
        {
            return (null, TooLarge(maxBytes));
        }
        var body = new RequestBody((int)Math.Min(request.ContentLength ?? 4096, FirstBytes));
        try
        {
            var reader = request.BodyReader;
            while (true)
            {
                var read = await reader.ReadAsync().ConfigureAwait(false);
                var fits = body._length + read.Buffer.Length <= maxBytes;
                if (fits)
                {
                    body.Append(read.Buffer);
                }
                reader.AdvanceTo(read.Buffer.End);
                if (!fits || read.IsCompleted)
                {
                    var whole = fits ? body : null;
                    body = whole is null ? body : null;
                    return (whole, fits ? null : TooLarge(maxBytes));
                }
            }
        }
        finally
        {
            body?.Dispose();
        }
    }

    private void Append(in ReadOnlySequence<byte> chunk)
    {
        var needed = _length + (int)chunk.Length;
        if (needed > _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, _buffer.Length * 2));
            Utf8.CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
        chunk.CopyTo(_buffer.AsSpan(_length));
        _length = needed;
    }

    private static ApiProblem TooLarge(int maxBytes) => new(413, ApiCode.BodyTooLarge,
        $"The body is larger than {maxBytes} bytes. Send less, or raise AgentGrid:MaxBodyBytes.");

    private static ApiProblem? CheckContentType(string? contentType, bool yaml)
    {
        if (contentType is null or "" or "application/json")
        {
            return null;
        }
        var known = MediaTypeHeaderValue.TryParse(contentType, out var type)
            && (string.Equals(type.MediaType, "application/json", StringComparison.OrdinalIgnoreCase)
                || type.MediaType?.EndsWith("+json", StringComparison.OrdinalIgnoreCase) == true
                || (yaml && s_yaml.Contains(type.MediaType ?? "")));
        var expected = yaml ? "application/yaml" : "application/json";
        var charset = type?.CharSet?.Trim('"');
        return known && (charset is null || charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase))
            ? null
            : new ApiProblem(415, ApiCode.UnsupportedMediaType,
                $"The Content-Type is '{Names.Shorten(contentType)}'; expected '{expected}' in UTF-8. " +
                $"With curl: -H 'Content-Type: {expected}'.");
    }
}
