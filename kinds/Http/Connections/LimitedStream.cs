namespace AgentGrid.Kinds.Http.Connections;

/// <summary>Reads another stream, and no further than to a limit.</summary>
public sealed class LimitedStream : Stream
{
    private readonly Stream _inner;
    private readonly long _limit;
    private readonly bool _perLine;
    private long _left;

    /// <param name="limit">Bytes that may be read, until there is a <see cref="Renew"/>.</param>
    /// <param name="perLine">Every line break is one.</param>
    public LimitedStream(Stream inner, long limit, bool perLine = false) =>
        (_inner, _limit, _perLine, _left) = (inner, limit, perLine, limit);

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>From here on the limit counts anew.</summary>
    public void Renew() => _left = _limit;

    /// <inheritdoc/>
    /// <exception cref="TooLongException">There is more than may be read.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await _inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        return Count(buffer.Span, read);
    }

    /// <inheritdoc/>
    /// <exception cref="TooLongException">There is more than may be read.</exception>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    /// <exception cref="TooLongException">There is more than may be read.</exception>
    public override int Read(byte[] buffer, int offset, int count) => Count(buffer.AsSpan(offset), _inner.Read(buffer, offset, count));

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
        }
        base.Dispose(disposing);
    }

    private int Count(ReadOnlySpan<byte> buffer, int read)
    {
        var end = _perLine ? buffer[..read].LastIndexOf((byte)'\n') : -1;
        _left = end < 0 ? _left - read : _limit - (read - end - 1);
        return _left >= 0 ? read : throw new TooLongException(_limit);
    }
}

/// <summary>There is more than may be read.</summary>
/// <param name="limit">Bytes that may be.</param>
public sealed class TooLongException(long limit) : Exception($"It is longer than {limit:N0} bytes.")
{
    /// <summary>Bytes that may be read.</summary>
    public long Limit { get; } = limit;
}
