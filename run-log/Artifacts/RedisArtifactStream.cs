using AgentGrid.RunLog.Scripts;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Artifacts;

/// <summary>An artifact in Redis, read piece by piece as it is asked for: no more of it is in memory than one piece.</summary>
/// <param name="length">How many bytes it has.</param>
/// <param name="pieceBytes">How many are asked for at once.</param>
internal sealed class RedisArtifactStream(IDatabase redis, RedisKey key, long length, int pieceBytes) : Stream
{
    private ReadOnlyMemory<byte> _piece;
    private long _pieceAt;

    public override bool CanRead => true;
    public override bool CanSeek => true;
    public override bool CanWrite => false;
    public override long Length => length;
    public override long Position { get; set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Wanted(buffer.Length) is (var from, > 0 and var count))
        {
            try
            {
                Keep(from, await redis.StringGetRangeAsync(key, from, from + count - 1, RedisAnswer.FromPrimary).ConfigureAwait(false));
            }
            catch (Exception e) when (e is RedisException or TimeoutException)
            {
                throw new IOException(e.Message, e);
            }
        }
        return Take(buffer.Span);
    }

    public override int Read(Span<byte> buffer)
    {
        if (Wanted(buffer.Length) is (var from, > 0 and var count))
        {
            try
            {
                Keep(from, redis.StringGetRange(key, from, from + count - 1, RedisAnswer.FromPrimary));
            }
            catch (Exception e) when (e is RedisException or TimeoutException)
            {
                throw new IOException(e.Message, e);
            }
        }
        return Take(buffer);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => Position + offset,
        _ => length + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    // Who reads little, from the beginning on, gets a piece at a time; who asks for a range, no more than that at first.
    private (long From, int Count) Wanted(int asked)
    {
        if (asked == 0 || Position >= length || (Position >= _pieceAt && Position < _pieceAt + _piece.Length))
        {
            return (Position, 0);
        }
        var isInOrder = _piece.Length > 0 && Position == _pieceAt + _piece.Length;
        var count = Math.Min(isInOrder ? pieceBytes : Math.Min(pieceBytes, Math.Max(asked, 64 * 1_024)), length - Position);
        return (Position, (int)count);
    }

    private void Keep(long from, RedisValue piece) => (_pieceAt, _piece) = (from, piece);

    // Of one that is removed meanwhile, less comes than it had.
    private int Take(Span<byte> buffer)
    {
        var at = Position - _pieceAt;
        if (at < 0 || at >= _piece.Length)
        {
            return 0;
        }
        var taken = _piece.Span[(int)at..];
        taken = taken[..Math.Min(taken.Length, buffer.Length)];
        taken.CopyTo(buffer);
        Position += taken.Length;
        return taken.Length;
    }
}
