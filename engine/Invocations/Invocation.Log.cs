using AgentGrid.Core;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Engine.Invocations;

public abstract partial class Invocation
{
    private void LogIgnores(TimeSpan elapsed, DateTimeOffset slotHeldUntil)
    {
        var attempt = Attempt;
        LogIgnores(
            _services.Logger, Agent, attempt.Number, attempt.Step, attempt.RunId, elapsed.TotalSeconds, slotHeldUntil);
    }

    private void LogGivenUp(TimeSpan elapsed)
    {
        var attempt = Attempt;
        LogGivenUp(_services.Logger, Agent, attempt.Number, attempt.Step, attempt.RunId, elapsed.TotalSeconds);
    }

    private void LogReturned(TimeSpan elapsed)
    {
        var attempt = Attempt;
        LogReturned(_services.Logger, Agent, attempt.Number, attempt.Step, attempt.RunId, elapsed.TotalSeconds);
    }

    [LoggerMessage(211, LogLevel.Warning, "Agent '{Agent}' threw when {Attempt} was cancelled")]
    private static partial void LogCancelFailed(ILogger logger, Exception exception, string agent, string attempt);

    [LoggerMessage(212, LogLevel.Warning,
        "Agent '{Agent}' ignores its cancellation: attempt {Attempt} of step '{Step}' of run {RunId} was told to stop " +
        "{Seconds:0.0} s ago. It holds its slot until {SlotHeldUntil:O} (option CancelGrace)")]
    private static partial void LogIgnores(
        ILogger logger, string agent, int attempt, string step, RunId runId, double seconds, DateTimeOffset slotHeldUntil);

    [LoggerMessage(213, LogLevel.Warning,
        "Agent '{Agent}' is given up in attempt {Attempt} of step '{Step}' of run {RunId}: it was told to stop " +
        "{Seconds:0.0} s ago. The slot is free for others; the agent keeps its thread and its memory until it returns")]
    private static partial void LogGivenUp(
        ILogger logger, string agent, int attempt, string step, RunId runId, double seconds);

    [LoggerMessage(214, LogLevel.Information,
        "Agent '{Agent}' has returned from attempt {Attempt} of step '{Step}' of run {RunId}, {Seconds:0.0} s after it " +
        "was told to stop")]
    private static partial void LogReturned(
        ILogger logger, string agent, int attempt, string step, RunId runId, double seconds);
}
