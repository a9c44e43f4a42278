using System.Collections.Immutable;
using System.IO.Compression;
using AgentGrid.Api.Problems;
using AgentGrid.Core;
using Microsoft.Net.Http.Headers;

namespace AgentGrid.Api.Requests;

/// <summary>How bodies can be packed on their way here: <c>Content-Encoding</c>.</summary>
/// <remarks>
/// The middleware of ASP.NET Core would do it for every endpoint of a program, pass on what it does not know as if it
/// were not packed, and answer what cannot be unpacked with 500.
/// </remarks>
internal static class ContentCoding
{
    private static readonly ImmutableArray<string> s_known = ["gzip", "br", "deflate"];

    /// <summary>
    /// What unpacks the body of a request, null when it is not packed; or why it cannot be unpacked. It is for the caller
    /// to count what comes out.
    /// </summary>
    public static (Stream? Unpacked, ApiProblem? Problem) Of(HttpRequest request)
    {
        var header = request.Headers.ContentEncoding.ToString();
        switch (header.Trim().ToLowerInvariant())
        {
            case "" or "identity":
                return (null, null);
            case "gzip" or "x-gzip":
                return (new GZipStream(request.Body, CompressionMode.Decompress, leaveOpen: true), null);
            case "br":
                return (new BrotliStream(request.Body, CompressionMode.Decompress, leaveOpen: true), null);
            case "deflate":
                return (new ZLibStream(request.Body, CompressionMode.Decompress, leaveOpen: true), null);
            default:
                var known = string.Join(", ", s_known);
                request.HttpContext.Response.Headers[HeaderNames.AcceptEncoding] = known;
                return (null, new ApiProblem(415, ApiCode.UnsupportedCoding,
                    $"The Content-Encoding is '{Names.Shorten(header)}'; expected one of {known}, or none."));
        }
    }

    public static ApiProblem Broken(HttpRequest request) => new(400, ApiCode.BrokenCoding,
        $"The body cannot be decompressed: it is incomplete, or is not what 'Content-Encoding: " +
        $"{Names.Shorten(request.Headers.ContentEncoding.ToString())}' says.");
}
