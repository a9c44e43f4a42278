using Microsoft.Extensions.Logging;

namespace AgentGrid.GrainClient.Feed;

internal sealed partial class FeedTail
{
    [LoggerMessage(800, LogLevel.Warning,
        "The feed showed events up to {Shown}, but the run log in Redis has them only up to {Kept}: Redis has " +
        "lost the others (is 'appendonly' on, and what is 'appendfsync'?). Feeds start over after {Kept}")]
    private static partial void LogStartsOver(ILogger logger, long shown, long kept);

    [LoggerMessage(801, LogLevel.Warning,
        "The run log cannot be read just now ({Reason}); events are shown as far as the stream brings them")]
    private static partial void LogFailing(ILogger logger, string reason);

    [LoggerMessage(802, LogLevel.Information, "The run log can be read again")]
    private static partial void LogReadAgain(ILogger logger);
}
