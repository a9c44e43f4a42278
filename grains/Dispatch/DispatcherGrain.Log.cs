using AgentGrid.Core;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Grains.Dispatch;

internal sealed partial class DispatcherGrain
{
    [LoggerMessage(600, LogLevel.Information, "The dispatcher has started: {Nodes} nodes, {Slots} slots in use")]
    private static partial void LogRebuilt(ILogger logger, int nodes, int slots);

    [LoggerMessage(601, LogLevel.Warning, "Node '{Node}' is gone")]
    private static partial void LogNodeGone(ILogger logger, string node);

    [LoggerMessage(602, LogLevel.Debug, "Node '{Node}' did not answer")]
    private static partial void LogNoAnswer(ILogger logger, Exception exception, string node);

    [LoggerMessage(603, LogLevel.Warning, "The runs that hold places could not be checked")]
    private static partial void LogUnchecked(ILogger logger, Exception exception);

    [LoggerMessage(604, LogLevel.Warning, "The list of runs that may start could not be kept; the dispatcher starts over")]
    private static partial void LogUnkept(ILogger logger, Exception exception);

    [LoggerMessage(605, LogLevel.Debug, "Run {Run} should yield to another, but was not reached")]
    private static partial void LogNotCancelled(ILogger logger, Exception exception, RunId run);
}
