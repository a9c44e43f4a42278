using AgentGrid.Core.Runs;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Grains.Matches;

internal sealed partial class RunDriver
{
    // A category of its own, so that the line of every run can be switched on and off by itself.
    private void LogOutcome(RunSummary run)
    {
        var seconds = (run.EndedAt - run.AcceptedAt)!.Value.TotalSeconds;
        if (run.Status == RunStatus.Failed)
        {
            LogFailed(_services.RunLogger, Key, Id, run.Plan, seconds, _state.Error?.Message);
        }
        else
        {
            LogEnded(_services.RunLogger, Key, Id, run.Plan, run.Status, seconds);
        }
    }

    [LoggerMessage(220, LogLevel.Information, "Run '{Run}' ({RunId}, {Plan}): {Status} after {Seconds:0.000} s")]
    private static partial void LogEnded(
        ILogger logger, RunKey run, RunId runId, string plan, RunStatus status, double seconds);

    [LoggerMessage(221, LogLevel.Warning, "Run '{Run}' ({RunId}, {Plan}): failed after {Seconds:0.000} s: {Error}")]
    private static partial void LogFailed(
        ILogger logger, RunKey run, RunId runId, string plan, double seconds, string? error);

    [LoggerMessage(700, LogLevel.Error,
        "Run '{Run}': an error in Agent Grid itself; the run goes on from the log in {Seconds} s")]
    private static partial void LogBroken(ILogger logger, Exception exception, RunKey run, double seconds);

    [LoggerMessage(707, LogLevel.Error, "Run '{Run}' cannot go on here; it is taken up again by whoever finds it first")]
    private static partial void LogGivenUp(ILogger logger, Exception exception, RunKey run);

    [LoggerMessage(701, LogLevel.Debug, "Run '{Run}': ignored {What}")]
    private static partial void LogIgnored(ILogger logger, RunKey run, string what);

    [LoggerMessage(702, LogLevel.Warning, "Run '{Run}': a turn could not be kept yet; it is tried again")]
    private static partial void LogNotKept(ILogger logger, Exception exception, RunKey run);

    [LoggerMessage(703, LogLevel.Warning, "Run '{Run}' was changed by somebody else; it goes on from what the log has")]
    private static partial void LogReloads(ILogger logger, RunKey run);

    [LoggerMessage(704, LogLevel.Warning, "Run '{Run}' is not in the log any more")]
    private static partial void LogGone(ILogger logger, RunKey run);

    [LoggerMessage(705, LogLevel.Debug, "Run '{Run}': the dispatcher does not answer; it is asked again")]
    private static partial void LogDispatcher(ILogger logger, Exception exception, RunKey run);

    [LoggerMessage(706, LogLevel.Debug, "{Slot}: node '{Node}' does not answer")]
    private static partial void LogCallFailed(ILogger logger, Exception exception, string slot, string node);
}
