using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace AgentGrid.Bench.Load;

/// <summary>
/// A WebSocket on <c>/ws/agents</c> with as much of RFC 6455 as the measurement needs. Looks for what it wants in
/// the bytes of an event, and does not parse it.
/// </summary>
internal sealed class FeedSocket : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private byte[] _buffer = new byte[256 * 1024];
    private int _filled;

    /// <summary>Called with the number after the match id's prefix, whether it completed, and when it came.</summary>
    public required Action<long, bool, long> RunEnded { get; init; }

    /// <summary>What the match ids of this measurement begin with.</summary>
    public required string Prefix { get; init; }

    public long Events { get; private set; }

    public async Task OpenAsync(Uri server, CancellationToken cancellationToken)
    {
        await _socket.ConnectAsync(server.Host, server.Port, cancellationToken);
        await _socket.SendAsync(Encoding.ASCII.GetBytes(
            $"GET /ws/agents HTTP/1.1\r\nHost: {server.Authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
            $"Sec-WebSocket-Key: {Convert.ToBase64String(Guid.NewGuid().ToByteArray())}\r\n" +
            "Sec-WebSocket-Version: 13\r\n\r\n"), cancellationToken);
        int end;
        while ((end = _buffer.AsSpan(0, _filled).IndexOf("\r\n\r\n"u8)) < 0)
        {
            await FillAsync(cancellationToken);
        }
        var head = Encoding.ASCII.GetString(_buffer, 0, end);
        if (!head.Contains(" 101 ", StringComparison.Ordinal))
        {
            throw new IOException($"The server did not upgrade to a WebSocket: {head}");
        }
        Drop(end + 4);
    }

    /// <summary>Reads until it is cancelled.</summary>
    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        var prefix = Encoding.ASCII.GetBytes($"\"match_id\":\"{Prefix}");
        while (true)
        {
            var now = Stopwatch.GetTimestamp();
            var at = 0;
            while (TryFrame(_buffer.AsSpan(at, _filled - at), out var opcode, out var payload, out var size))
            {
                if (opcode == 8)
                {
                    throw new IOException($"The server closed the feed: {Encoding.UTF8.GetString(payload)}");
                }
                if (opcode == 1)
                {
                    Events++;
                    Look(payload, prefix, now);
                }
                else if (opcode == 9)
                {
                    await _socket.SendAsync(Pong(payload), cancellationToken);
                }
                at += size;
            }
            Drop(at);
            await FillAsync(cancellationToken);
        }
    }

    public void Dispose() => _socket.Dispose();

    private void Look(ReadOnlySpan<byte> e, ReadOnlySpan<byte> prefix, long now)
    {
        var stage = e.IndexOf("\"stage\":\""u8);
        if (stage < 0)
        {
            return;
        }
        var rest = e[(stage + 9)..];
        var completed = rest.StartsWith("completed\""u8);
        if (!completed && !rest.StartsWith("error\""u8) && !rest.StartsWith("cancelled\""u8))
        {
            return;
        }
        var match = e.IndexOf(prefix);
        if (match >= 0
            && System.Buffers.Text.Utf8Parser.TryParse(e[(match + prefix.Length)..], out long number, out _))
        {
            RunEnded(number, completed, now);
        }
    }

    private static bool TryFrame(
        ReadOnlySpan<byte> bytes, out int opcode, out ReadOnlySpan<byte> payload, out int size)
    {
        opcode = size = 0;
        payload = default;
        if (bytes.Length < 2)
        {
            return false;
        }
        int length = bytes[1] & 0x7f, head = 2;
        if (length == 126)
        {
            if (bytes.Length < 4)
            {
                return false;
            }
            (length, head) = (BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]), 4);
        }
        else if (length == 127)
        {
            if (bytes.Length < 10)
            {
                return false;
            }
            (length, head) = ((int)BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]), 10);
        }
        if (bytes.Length < head + length)
        {
            return false;
        }
        opcode = bytes[0] & 0x0f;
        payload = bytes.Slice(head, length);
        size = head + length;
        return true;
    }

    // An answer to a ping is masked; a mask of zeros is one.
    private static byte[] Pong(ReadOnlySpan<byte> payload) =>
        [0x8a, (byte)(0x80 | payload.Length), 0, 0, 0, 0, .. payload];

    private async Task FillAsync(CancellationToken cancellationToken)
    {
        if (_filled == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }
        var received = await _socket.ReceiveAsync(_buffer.AsMemory(_filled), cancellationToken);
        _filled += received > 0 ? received : throw new IOException("The server closed the feed.");
    }

    private void Drop(int count)
    {
        _buffer.AsSpan(count, _filled - count).CopyTo(_buffer);
        _filled -= count;
    }
}
