using Microsoft.Extensions.Logging;

namespace AgentGrid.Kinds.Onnx.Models;

internal static partial class OrtLog
{
    [LoggerMessage(EventId = 1131, Message = "Agent '{Agent}': ONNX Runtime: {Message}")]
    private static partial void LogRuntime(ILogger logger, LogLevel level, string agent, string message);
}
