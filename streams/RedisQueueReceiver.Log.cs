using Microsoft.Extensions.Logging;

namespace AgentGrid.Streams;

internal sealed partial class RedisQueueReceiver
{
    [LoggerMessage(1000, LogLevel.Warning, "The stream '{Stream}' cannot be read just now: {Reason}")]
    private static partial void LogAway(ILogger logger, string stream, string reason);

    [LoggerMessage(1001, LogLevel.Information, "The stream '{Stream}' can be read again")]
    private static partial void LogBack(ILogger logger, string stream);

    [LoggerMessage(1002, LogLevel.Error, "Entry {Id} of the stream '{Stream}' cannot be read, and is passed over")]
    private static partial void LogUnreadable(ILogger logger, Exception exception, string id, string stream);

    [LoggerMessage(1003, LogLevel.Warning,
        "The stream '{Stream}' was read up to {Position}, and ends with {Newest}: Redis has lost the others")]
    private static partial void LogLoss(ILogger logger, string stream, string position, string newest);

    [LoggerMessage(1004, LogLevel.Warning,
        "What has been delivered of the stream '{Stream}' could not be written down; some is delivered once more: {Reason}")]
    private static partial void LogNotKept(ILogger logger, string stream, string reason);
}
