using System.Collections.Concurrent;

namespace AgentGrid.Api.Orchestrate;

/// <summary>
/// Says in the log whose runs are refused for overload: at most a line a minute for each API key.
/// </summary>
internal sealed partial class OverloadLog(ILogger<OverloadLog> logger, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, Refusals> _keys = new(StringComparer.Ordinal);

    /// <param name="key">The name of the API key; null where none is asked for.</param>
    /// <param name="reason">Why the run was refused.</param>
    public void Refused(string? key, string reason)
    {
        // Names of keys come from the configuration, so that there are few of them.
        if (_keys.GetOrAdd(key ?? "", _ => new Refusals()).Count(time, Pause) is { } count)
        {
            LogRefused(key ?? "(none)", count, reason);
        }
    }

    [LoggerMessage(2030, LogLevel.Warning,
        "Too many runs: {Count} posts with the API key '{Key}' were refused since the last such line: {Reason}")]
    private partial void LogRefused(string key, int count, string reason);

    private sealed class Refusals
    {
        private readonly Lock _gate = new();
        private long? _said;
        private int _count;

        /// <summary>How many there were since they were last told of; null while that is not long ago.</summary>
        public int? Count(TimeProvider time, TimeSpan pause)
        {
            lock (_gate)
            {
                _count++;
                if (_said is { } said && time.GetElapsedTime(said) < pause)
                {
                    return null;
                }
                (_said, var count) = (time.GetTimestamp(), _count);
                _count = 0;
                return count;
            }
        }
    }
}
