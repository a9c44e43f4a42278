using System.Buffers.Text;
using System.Net.Sockets;
using System.Text;

namespace AgentGrid.Bench.Load;

/// <summary>
/// One keep-alive connection with as much of HTTP/1.1 as the measurement needs: one request at a time, bodies with
/// a length or in chunks. It shares the machine with the server, so it does as little as it can.
/// </summary>
internal sealed class HttpConnection : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private byte[] _buffer = new byte[16 * 1024];
    private int _filled;

    /// <summary>The seconds of the last answer's <c>Retry-After</c>; null when it had none.</summary>
    public int? RetryAfter
    {
        get
        {
            var answer = _buffer.AsSpan(0, _filled);
            var at = answer.IndexOf("Retry-After: "u8);
            return at >= 0 && Utf8Parser.TryParse(answer[(at + 13)..], out int seconds, out _) ? seconds : null;
        }
    }

    public static async Task<HttpConnection> OpenAsync(Uri server, CancellationToken cancellationToken)
    {
        var connection = new HttpConnection();
        await connection._socket.ConnectAsync(server.Host, server.Port, cancellationToken);
        return connection;
    }

    /// <summary>The bytes of a POST of JSON.</summary>
    public static byte[] Post(Uri server, string path, string json) => Encoding.UTF8.GetBytes(
        $"POST {path} HTTP/1.1\r\nHost: {server.Authority}\r\nContent-Type: application/json\r\n" +
        $"Content-Length: {Encoding.UTF8.GetByteCount(json)}\r\n\r\n{json}");

    /// <summary>Sends a request and reads its answer to the end.</summary>
    /// <returns>The status code.</returns>
    public async ValueTask<int> SendAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        await _socket.SendAsync(request, cancellationToken);
        _filled = 0;
        while (true)
        {
            var received = await _socket.ReceiveAsync(_buffer.AsMemory(_filled), cancellationToken);
            if (received == 0)
            {
                throw new IOException("The server closed the connection.");
            }
            _filled += received;
            if (IsComplete(_buffer.AsSpan(0, _filled)))
            {
                return (_buffer[9] - '0') * 100 + (_buffer[10] - '0') * 10 + (_buffer[11] - '0');
            }
            if (_filled == _buffer.Length)
            {
                Array.Resize(ref _buffer, _buffer.Length * 2);
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private static bool IsComplete(ReadOnlySpan<byte> answer)
    {
        var end = answer.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return false;
        }
        var head = answer[..end];
        var body = answer[(end + 4)..];
        var at = head.IndexOf("Content-Length: "u8);
        if (at < 0)
        {
            return head.IndexOf("Transfer-Encoding: chunked"u8) < 0 || body.EndsWith("0\r\n\r\n"u8);
        }
        return Utf8Parser.TryParse(head[(at + 16)..], out int length, out _) && body.Length >= length;
    }
}
