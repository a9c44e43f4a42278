using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace AgentGrid.RunLog;

public sealed partial class RedisRunLog
{
    private const int MostReported = 10_000;

    private readonly ConcurrentDictionary<string, bool> _reported = new(StringComparer.Ordinal);

    /// <summary>
    /// Says in the log of the program that a run is damaged, once for each run. For whoever goes on without it.
    /// </summary>
    public void Report(RunLogException damage)
    {
        if (_reported.Count >= MostReported)
        {
            _reported.Clear();
        }
        if (_reported.TryAdd(damage.Run, true))
        {
            LogDamaged(_logger, damage.Message);
        }
    }

    [LoggerMessage(900, LogLevel.Error, "{Damage}")]
    private static partial void LogDamaged(ILogger logger, string damage);
}
