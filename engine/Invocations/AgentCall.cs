using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Runs;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Engine.Invocations;

/// <summary>Calls an agent, and makes an outcome of whatever it does.</summary>
public static partial class AgentCall
{
    private const int LongestMessage = 2_000;

    /// <param name="agent">Null when this process has no such agent.</param>
    /// <param name="config">Null when the configuration does not have it any more.</param>
    /// <param name="maxOutputBytes">A larger output fails the attempt.</param>
    /// <returns>Null when the agent stopped because it was cancelled.</returns>
    public static async ValueTask<AttemptOutcome?> RunAsync(
        IAgent? agent, AgentConfig? config, AgentInvocation invocation, int maxOutputBytes, ILogger logger, CancellationToken cancellation)
    {
        var name = invocation.Agent;
        if (agent is null)
        {
            return Fail(ErrorKind.Routing, ErrorCodes.NoAgent, $"There is no agent '{name}'.", retryable: false);
        }
        try
        {
            config?.CheckInput(invocation);
            var output = await agent.InvokeAsync(invocation, cancellation).ConfigureAwait(false);
            return output switch
            {
                null => Fail(ErrorKind.Error, ErrorCodes.AgentError, $"Agent '{name}' returned nothing."),
                { Length: var length } when length > maxOutputBytes => Fail(
                    ErrorKind.Error, ErrorCodes.OutputTooLarge,
                    $"Agent '{name}' returned {length:N0} bytes; at most {maxOutputBytes:N0} are " +
                    "allowed (option MaxOutputBytes).", retryable: false),
                _ when output.Problem() is { } problem => Fail(
                    ErrorKind.Error, ErrorCodes.AgentError,
                    $"Agent '{name}' returned something that cannot be kept as JSON: {problem}"),
                _ => new AttemptOutcome.Output(output),
            };
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return null;
        }
        catch (AgentException e)
        {
            return Fail(ErrorKind.Error, e.Code, e.Message, e.Retryable, e.RetryAfter, e.Type, e.Detail);
        }
        catch (Exception e)
        {
            LogAgentFailed(logger, e, name, invocation.IdempotencyKey);
            return Fail(
                ErrorKind.Error, ErrorCodes.AgentError, $"Agent '{name}' failed: {e.Message}",
                type: e.GetType().ToString(), detail: e.ToString());
        }
    }

    internal static AttemptOutcome.Error Fail(
        ErrorKind kind, string code, string message, bool retryable = true, TimeSpan? retryAfter = null,
        string? type = null, string? detail = null) =>
        new(new RunError(kind, code, Names.Shorten(message, LongestMessage), retryable)
        {
            RetryAfter = retryAfter,
            Type = type,
            Detail = detail,
        });

    [LoggerMessage(210, LogLevel.Warning, "Agent '{Agent}' failed in {Attempt}")]
    private static partial void LogAgentFailed(ILogger logger, Exception exception, string agent, string attempt);
}
