using Microsoft.Extensions.Logging;

namespace AgentGrid.Kinds.Onnx;

internal sealed partial class OnnxLog
{
    [LoggerMessage(1132, LogLevel.Information, "Agent '{Agent}' has loaded its model on {Device}")]
    private static partial void LogLoaded(ILogger logger, string agent, string device);

    [LoggerMessage(1133, LogLevel.Error, "Agent '{Agent}' could not load its model, and tries again: {Reason}")]
    private static partial void LogNotLoaded(ILogger logger, string agent, string reason);

    [LoggerMessage(1134, LogLevel.Information, "Agent '{Agent}': the model cannot compute zeros, so its first attempt will be slow: {Reason}")]
    private static partial void LogNotWarm(ILogger logger, string agent, string reason);

    [LoggerMessage(1135, LogLevel.Warning, "Agent '{Agent}': a batch of {Attempts} attempts has failed, and each is computed alone: {Reason}")]
    private static partial void LogBatchFailed(ILogger logger, string agent, int attempts, string reason);

    [LoggerMessage(1136, LogLevel.Warning, "Agent '{Agent}': memory has run out for one attempt, and the model is reloaded: {Reason}")]
    private static partial void LogOutOfMemory(ILogger logger, string agent, string reason);

    [LoggerMessage(1137, LogLevel.Warning, "Agent '{Agent}': memory has run out; from now on at most {Rows} rows are computed at once: {Reason}")]
    private static partial void LogHalved(ILogger logger, string agent, int rows, string reason);

    [LoggerMessage(1138, LogLevel.Critical, "Agent '{Agent}' cannot compute until this process is restarted: {Reason}")]
    private static partial void LogLost(ILogger logger, string agent, string reason);

    [LoggerMessage(1139, LogLevel.Warning, "Agent '{Agent}': the model still computes; its session is not disposed of")]
    private static partial void LogNotEnded(ILogger logger, string agent);
}
