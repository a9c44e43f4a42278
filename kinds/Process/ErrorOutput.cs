using System.Text;
using AgentGrid.Core;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Kinds.Process;

/// <summary>What a process writes to stderr: to the log, and its last lines for whoever asks why it ended.</summary>
internal sealed partial class ErrorOutput
{
    private const int MostLines = 20;
    private const int LongestLine = 4_000;
    private const int LongestTail = 1_200;

    private readonly string _agent;
    private readonly int _process;
    private readonly ILogger _logger;
    private readonly Queue<string> _last = new();
    private readonly Task _reading;
    private readonly char[] _buffer = new char[1024];
    private int _at;
    private int _filled;

    public ErrorOutput(string agent, int process, StreamReader reader, ILogger logger)
    {
        (_agent, _process, _logger) = (agent, process, logger);
        _reading = ReadAsync(reader);
    }

    /// <summary>The last lines, of which the end is kept when they are long; empty when there were none.</summary>
    /// <param name="patience">
    /// How long the end is waited for: what the process has started can hold its stderr open for ever.
    /// </param>
    public async ValueTask<string> TailAsync(TimeSpan patience)
    {
        await _reading.WaitAsync(patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        string tail;
        lock (_last)
        {
            tail = string.Join('\n', _last);
        }
        return tail.Length <= LongestTail ? tail : $"...{tail[^LongestTail..]}";
    }

    private async Task ReadAsync(StreamReader reader)
    {
        try
        {
            while (await ReadLineAsync(reader).ConfigureAwait(false) is { } line)
            {
                lock (_last)
                {
                    _last.Enqueue(line);
                    if (_last.Count > MostLines)
                    {
                        _last.Dequeue();
                    }
                }
                LogLine(_logger, _agent, _process, line);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The process is gone.
        }
    }

    // A program that never ends its line must not fill the memory.
    private async ValueTask<string?> ReadLineAsync(StreamReader reader)
    {
        var line = new StringBuilder();
        while (true)
        {
            if (_at == _filled)
            {
                (_at, _filled) = (0, await reader.ReadAsync(_buffer).ConfigureAwait(false));
                if (_filled == 0)
                {
                    return line.Length > 0 ? AsShown(line.ToString()) : null;
                }
            }
            var rest = _buffer.AsSpan(_at, _filled - _at);
            var end = rest.IndexOf('\n');
            var part = end < 0 ? rest : rest[..end];
            line.Append(part[..Math.Min(part.Length, LongestLine - line.Length)]);
            _at += part.Length + (end < 0 ? 0 : 1);
            if (end >= 0)
            {
                return AsShown(line.ToString());
            }
        }
    }

    // As a terminal would leave it: a bar of progress is drawn over itself, and colours are nothing to read.
    private static string AsShown(string line)
    {
        line = line.TrimEnd('\r');
        line = line[(line.LastIndexOf('\r') + 1)..];
        return line.Any(c => char.IsControl(c) && c != '\t')
            ? string.Concat(line.Select(c => char.IsControl(c) && c != '\t' ? ' ' : c))
            : line;
    }

    [LoggerMessage(1101, LogLevel.Information, "Agent '{Agent}' ({Process}): {Line}")]
    private static partial void LogLine(ILogger logger, string agent, int process, string line);
}
