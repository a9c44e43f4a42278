using Microsoft.Extensions.Logging;

namespace AgentGrid.Kinds.Onnx.Models;

internal sealed partial class ModelLoader
{
    [LoggerMessage(1130, LogLevel.Warning, "Agent '{Agent}' computes on the CPU: GPU {Gpu} cannot be used: {Reason}")]
    private static partial void LogCpu(ILogger logger, string agent, int gpu, string reason);
}
