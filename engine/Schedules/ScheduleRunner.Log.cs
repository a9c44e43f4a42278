using AgentGrid.Core;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Engine.Schedules;

public sealed partial class ScheduleRunner
{
    [LoggerMessage(760, LogLevel.Information, "Run '{Run}' of plan '{Plan}' is posted by its schedule")]
    private static partial void LogPosted(ILogger logger, RunKey run, string plan);

    [LoggerMessage(761, LogLevel.Warning, "Run '{Run}' is skipped: its schedule has 'overlap: skip', and its run '{Other}' has not ended")]
    private static partial void LogSkipped(ILogger logger, RunKey run, string other);

    [LoggerMessage(762, LogLevel.Error, "Run '{Run}' of a schedule is refused, and skipped: {Reason}")]
    private static partial void LogRefused(ILogger logger, RunKey run, string reason);

    [LoggerMessage(EventId = 763, Message = "The schedule '{Schedule}' cannot post its run now; it is tried again every second")]
    private static partial void LogFailed(ILogger logger, LogLevel level, Exception exception, string schedule);

    [LoggerMessage(764, LogLevel.Debug, "It is not known yet whether schedules have missed anything; asking again")]
    private static partial void LogUnknown(ILogger logger, Exception exception);
}
