using System.Buffers;

namespace AgentGrid.Api.Feed;

/// <summary>
/// Under a WebSocket: while corked, frames gather in memory, so that a batch of events costs one write to the
/// network instead of one each. Pings go the same way and stay in order.
/// </summary>
internal sealed class CoalescingStream(Stream inner) : Stream
{
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private byte[] _buffer = [];
    private int _count;
    private bool _corked;

    public override bool CanRead => true;
    public override bool CanWrite => true;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>How many bytes have gathered.</summary>
    public int Gathered => Volatile.Read(ref _count);

    /// <summary>From here on writes gather.</summary>
    public void Cork()
    {
        lock (_gate)
        {
            _corked = true;
        }
    }

    /// <summary>Writes out what has gathered; from here on writes go through.</summary>
    public Task UncorkAsync()
    {
        lock (_gate)
        {
            _corked = false;
        }
        return DrainAsync(CancellationToken.None);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            Append(buffer.Span);
            if (_corked)
            {
                return ValueTask.CompletedTask;
            }
        }
        return new ValueTask(DrainAsync(cancellationToken));
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.ReadAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        inner.ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }
        base.Dispose(disposing);
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        var needed = _count + bytes.Length;
        if (needed > _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, _buffer.Length * 2));
            _buffer.AsSpan(0, _count).CopyTo(larger);
            Return(_buffer);
            _buffer = larger;
        }
        bytes.CopyTo(_buffer.AsSpan(_count));
        _count = needed;
    }

    // One drain at a time, so that the order of the bytes is the order in which they were gathered.
    private async Task DrainAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        byte[] bytes;
        int count;
        lock (_gate)
        {
            (bytes, count) = (_buffer, _count);
            (_buffer, _count) = ([], 0);
        }
        try
        {
            if (count > 0)
            {
                await inner.WriteAsync(bytes.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
                await inner.FlushAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            Return(bytes);
            _turn.Release();
        }
    }

    private static void Return(byte[] buffer)
    {
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
