using AgentGrid.Core;
using AgentGrid.Core.Runs;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Engine.Driving;

public sealed partial class RunDriver
{
    /// <summary>What is logged when a turn broke because of a mistake in Agent Grid itself.</summary>
    public const int BrokenEventId = 200;

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

    [LoggerMessage(222, LogLevel.Warning, "Run '{Run}' ({RunId}): the webhook {Url} could not be delivered and is given up: {Error}")]
    private static partial void LogWebhookGivenUp(ILogger logger, RunKey run, RunId runId, string url, string error);

    [LoggerMessage(BrokenEventId, LogLevel.Error,
        "Run '{Run}': an error in Agent Grid itself; the run continues from the journal in {Seconds} s")]
    private static partial void LogBroken(ILogger logger, Exception exception, RunKey run, double seconds);

    [LoggerMessage(201, LogLevel.Debug, "Run '{Run}': ignored {What}")]
    private static partial void LogIgnored(ILogger logger, RunKey run, string what);

    [LoggerMessage(202, LogLevel.Warning,
        "Run '{Run}' was changed by another writer; it continues from the journal")]
    private static partial void LogConflict(ILogger logger, RunKey run);

    [LoggerMessage(203, LogLevel.Warning, "Run '{Run}' is no longer in the journal")]
    private static partial void LogGone(ILogger logger, RunKey run);

    [LoggerMessage(204, LogLevel.Error, "Run '{Run}', which is no longer driven: an error in Agent Grid itself")]
    private static partial void LogStray(ILogger logger, Exception exception, RunKey run);
}
