namespace AgentGrid.Kinds.Process;

/// <summary>Reads a stream line by line, into one buffer that grows up to a limit.</summary>
internal sealed class LineReader(Stream stream, int longest)
{
    private const int Usual = 16 * 1024;

    private byte[] _buffer = new byte[Usual];
    private int _start;
    private int _end;

    /// <summary>
    /// The next line without its end, valid until the next call; null at the end of the stream, where a line that was
    /// begun is dropped.
    /// </summary>
    /// <exception cref="LineTooLongException">The line is longer than the limit.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancellationToken)
    {
        // What was looked at already has no line break in it.
        var looked = 0;
        while (true)
        {
            var at = _buffer.AsSpan(_start + looked, _end - _start - looked).IndexOf((byte)'\n');
            if (at >= 0)
            {
                var line = _buffer.AsMemory(_start, looked + at);
                _start += looked + at + 1;
                return line;
            }
            looked = _end - _start;
            if (looked > longest)
            {
                throw new LineTooLongException();
            }
            MakeRoom();
            var count = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                return null;
            }
            _end += count;
        }
    }

    // A buffer that one large line has made large is not kept for those that follow.
    private void MakeRoom()
    {
        var held = _end - _start;
        var wanted = held < _buffer.Length ? _buffer.Length : _buffer.Length * 2;
        if (held == 0)
        {
            wanted = Usual;
        }
        if (wanted != _buffer.Length)
        {
            var larger = new byte[wanted];
            _buffer.AsSpan(_start, held).CopyTo(larger);
            _buffer = larger;
        }
        else if (_start > 0)
        {
            _buffer.AsSpan(_start, held).CopyTo(_buffer);
        }
        (_start, _end) = (0, held);
    }
}

/// <summary>A line is longer than it may be.</summary>
internal sealed class LineTooLongException : Exception;
