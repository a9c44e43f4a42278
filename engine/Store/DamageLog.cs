using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Engine.Store;

/// <summary>Names damaged runs in the log of the program, each once. For whoever goes on without one.</summary>
public sealed partial class DamageLog(ILogger logger)
{
    private const int MostReported = 10_000;

    private readonly ConcurrentDictionary<string, bool> _reported = new(StringComparer.Ordinal);

    /// <summary>Says what is damaged, unless it was said of this run before.</summary>
    public void Report(DamageException damage)
    {
        if (_reported.Count >= MostReported)
        {
            _reported.Clear();
        }
        if (_reported.TryAdd(damage.Run ?? "", true))
        {
            LogDamaged(logger, damage.Message);
        }
    }

    [LoggerMessage(900, LogLevel.Error, "{Damage}")]
    private static partial void LogDamaged(ILogger logger, string damage);
}
