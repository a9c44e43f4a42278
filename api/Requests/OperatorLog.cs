using AgentGrid.Api.Security;
using AgentGrid.Core;

namespace AgentGrid.Api.Requests;

/// <summary>Says in the log of the program who told a run or an agent what: by the name of the API key, where there are keys.</summary>
internal sealed partial class OperatorLog(ILogger<OperatorLog> logger)
{
    public void Drained(HttpContext by, string agent, bool drained)
    {
        if (drained)
        {
            LogDrained(agent, NameOf(by));
        }
        else
        {
            LogUndrained(agent, NameOf(by));
        }
    }

    public void Cancelled(HttpContext by, RunId run, string? reason) => LogCancelled(run, NameOf(by), reason ?? "none");

    public void Retried(HttpContext by, RunId run, string? fromStep) => LogRetried(run, NameOf(by), fromStep ?? "what did not complete");

    private static string NameOf(HttpContext by) =>
        by.Features.Get<ApiCaller>()?.Name ?? $"somebody without a key, at {by.Connection.RemoteIpAddress}";

    [LoggerMessage(2050, LogLevel.Information, "Agent '{Agent}' was drained by {Who}")]
    private partial void LogDrained(string agent, string who);

    [LoggerMessage(2051, LogLevel.Information, "Agent '{Agent}' was undrained by {Who}")]
    private partial void LogUndrained(string agent, string who);

    [LoggerMessage(2052, LogLevel.Information, "Run {Run} was cancelled by {Who}; reason: {Reason}")]
    private partial void LogCancelled(RunId run, string who, string reason);

    [LoggerMessage(2053, LogLevel.Information, "Run {Run} was retried by {Who}, from: {From}")]
    private partial void LogRetried(RunId run, string who, string from);
}
