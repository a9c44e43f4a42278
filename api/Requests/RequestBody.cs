using System.Buffers;
using System.IO.Pipelines;
using System.Net.Http.Headers;
using AgentGrid.Api.Problems;
using AgentGrid.Core;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace AgentGrid.Api.Requests;

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
    private int _start;

    private RequestBody(int size) => _buffer = ArrayPool<byte>.Shared.Rent(size);

    /// <summary>The text, without a byte order mark.</summary>
    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(_start, _length - _start);

    /// <inheritdoc cref="Memory"/>
    public ReadOnlySpan<byte> Utf8 => _buffer.AsSpan(_start, _length - _start);

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _length = _start = 0;
    }

    /// <summary>
    /// Reads the body of a request that declares JSON, or declares nothing. Memory grows with what has arrived, not
    /// with what was announced.
    /// </summary>
    /// <param name="maxBytes">How many bytes it may have, when it has been unpacked.</param>
    /// <param name="yaml">Whether it may declare YAML as well.</param>
    /// <param name="option">The option that <paramref name="maxBytes"/> is about.</param>
    public static async ValueTask<(RequestBody? Body, ApiProblem? Problem)> ReadAsync(
        HttpRequest request, int maxBytes, bool yaml = false, string option = nameof(ApiOptions.MaxBodyBytes))
    {
        if (CheckContentType(request.ContentType, yaml) is { } unsupported)
        {
            return (null, unsupported);
        }
        var isPacked = request.Headers.ContentEncoding.Count > 0 && request.ContentLength != 0;
        var (unpacked, unknown) = isPacked ? ContentCoding.Of(request) : default;
        if (unknown is not null)
        {
            return (null, unknown);
        }
        if (request.ContentLength > maxBytes)
        {
            return (null, TooLarge(maxBytes, option));
        }
        // It is counted here; the server's own limit would be another one.
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = null;
        }
        var body = new RequestBody((int)Math.Min(request.ContentLength ?? 4096, FirstBytes));
        var whole = false;
        try
        {
            var filling = unpacked is null
                ? body.FillAsync(request.BodyReader, maxBytes)
                : body.FillAsync(unpacked, maxBytes);
            if (!await filling.ConfigureAwait(false))
            {
                return (null, TooLarge(maxBytes, option));
            }
            body._start = body.Utf8.StartsWith(TextEncoding.Mark) ? TextEncoding.Mark.Length : 0;
            var problem = TextEncoding.Problem(body.Utf8);
            whole = problem is null;
            return (whole ? body : null, problem);
        }
        catch (Exception e) when (unpacked is not null && IsBroken(e))
        {
            return (null, ContentCoding.Broken(request));
        }
        finally
        {
            if (!whole)
            {
                body.Dispose();
            }
            unpacked?.Dispose();
        }
    }

    // What zlib says that the library has not foreseen is an IOException; a connection that breaks has its own.
    private static bool IsBroken(Exception e) => e is InvalidDataException or InvalidOperationException
        or (IOException and not (BadHttpRequestException or ConnectionResetException));

    // False when there is more than fits.
    private async ValueTask<bool> FillAsync(PipeReader reader, int maxBytes)
    {
        while (true)
        {
            var read = await reader.ReadAsync().ConfigureAwait(false);
            var fits = _length + read.Buffer.Length <= maxBytes;
            if (fits)
            {
                Append(read.Buffer);
            }
            reader.AdvanceTo(read.Buffer.End);
            if (!fits || read.IsCompleted)
            {
                return fits;
            }
        }
    }

    // Only what comes out is counted: a small body can have gigabytes in it.
    private async ValueTask<bool> FillAsync(Stream unpacked, int maxBytes)
    {
        while (_length < maxBytes)
        {
            if (_length == _buffer.Length)
            {
                Grow(Math.Min(_length * 2, maxBytes));
            }
            var room = Math.Min(_buffer.Length, maxBytes) - _length;
            var read = await unpacked.ReadAsync(_buffer.AsMemory(_length, room)).ConfigureAwait(false);
            if (read == 0)
            {
                return true;
            }
            _length += read;
        }
        return await unpacked.ReadAsync(new byte[1]).ConfigureAwait(false) == 0;
    }

    private void Append(in ReadOnlySequence<byte> chunk)
    {
        var needed = _length + (int)chunk.Length;
        if (needed > _buffer.Length)
        {
            Grow(Math.Max(needed, _buffer.Length * 2));
        }
        chunk.CopyTo(_buffer.AsSpan(_length));
        _length = needed;
    }

    private void Grow(int size)
    {
        var larger = ArrayPool<byte>.Shared.Rent(size);
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    private static ApiProblem TooLarge(int maxBytes, string option) => new(413, ApiCode.BodyTooLarge,
        $"The body is larger than {maxBytes} bytes. Send less, or raise AgentGrid:{option}.");

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
