using Microsoft.Extensions.Logging;

namespace AgentGrid.Kinds.Onnx;

/// <summary>What is logged of models.</summary>
internal sealed partial class OnnxLog(ILogger logger)
{
    public void Loaded(string agent, string device) => LogLoaded(logger, agent, device);

    public void NotLoaded(string agent, string reason) => LogNotLoaded(logger, agent, reason);

    public void NotWarm(string agent, string reason) => LogNotWarm(logger, agent, reason);

    public void BatchFailed(string agent, int attempts, string reason) => LogBatchFailed(logger, agent, attempts, reason);

    public void OutOfMemory(string agent, string reason) => LogOutOfMemory(logger, agent, reason);

    public void Halved(string agent, int rows, string reason) => LogHalved(logger, agent, rows, reason);

    public void Lost(string agent, string reason) => LogLost(logger, agent, reason);

    public void NotEnded(string agent) => LogNotEnded(logger, agent);
}
