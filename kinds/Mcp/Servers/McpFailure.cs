using System.Text.Json;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Runs;
using AgentGrid.Kinds.Http;
using AgentGrid.Kinds.Http.Connections;
using AgentGrid.Kinds.Process;
using ModelContextProtocol;

namespace AgentGrid.Kinds.Mcp.Servers;

/// <summary>What went wrong with a server, in the words of agents.</summary>
/// <param name="IsUnreachable">Nobody answers: others would meet it as well.</param>
/// <param name="RefusesUs">The server does not let this agent in, or knows of no such address.</param>
internal sealed record McpFailure(AgentException Error, bool IsUnreachable = false, bool RefusesUs = false)
{
    private const string NoSecret = "no_secret";

    /// <param name="who">Who was asked, as a message begins.</param>
    public static McpFailure Of(Exception exception, string who, AgentKindContext context, McpServerSettings settings)
    {
        var failure = Of(exception, who, context.MaxOutputBytes);
        var error = failure.Error;
        return failure with
        {
            Error = new AgentException(error.Code, context.Conceal(error.Message, settings.Secrets), error.Retryable, exception)
            {
                RetryAfter = error.RetryAfter,
            },
        };
    }

    private static McpFailure Of(Exception exception, string who, int maxOutputBytes)
    {
        // The library puts its own exceptions around those of the connection.
        for (var e = exception; e is not null; e = e.InnerException)
        {
            switch (e)
            {
                case StatusException x:
                    return new McpFailure(x.Error, RefusesUs: x.Status is 401 or 403 or 407);
                case AgentException x:
                    return new McpFailure(
                        x, IsUnreachable: x.Code is NoSecret or HttpErrors.BadConfig or HttpErrors.ConnectionFailed or ProcessErrors.Unavailable);
                case TooLongException:
                    return new McpFailure(new AgentException(
                        ErrorCodes.OutputTooLarge,
                        $"{who} answered with more than {maxOutputBytes:N0} bytes, the limit for an output (option MaxOutputBytes).",
                        retryable: false));
                case McpProtocolException x:
                    return new McpFailure(OfProtocol(x, who));
                case HttpRequestException { StatusCode: { } status }:
                    return new McpFailure(new AgentException(
                        HttpErrors.OfStatus((int)status), $"{who} answered {(int)status}: is the address right?", HttpErrors.IsRetryable((int)status)),
                        RefusesUs: true);
                case TimeoutException:
                    return new McpFailure(
                        new AgentException(HttpErrors.ConnectionFailed, $"{who}: {e.Message}."),
                        IsUnreachable: true);
                case McpException:
                    return new McpFailure(new AgentException(HttpErrors.ConnectionLost, $"{who} did not finish its answer: {e.Message}"));
                case JsonException or FormatException:
                    return new McpFailure(new AgentException(
                        HttpErrors.BadAnswer, $"{who} gave an answer that cannot be read: {e.Message}", retryable: false));
                default:
                    if (ConnectionFailure.Of(e, who) is { } failure)
                    {
                        return new McpFailure(failure, IsUnreachable: failure.Code == HttpErrors.ConnectionFailed);
                    }
                    break;
            }
        }
        // What the library throws about requests of a server that it has nobody to answer for.
        return exception is OperationCanceledException
            ? new McpFailure(new AgentException(HttpErrors.ConnectionLost, $"{who}: the connection was closed before the answer was there."))
            : new McpFailure(new AgentException(McpErrors.Server, $"{who}: {exception.Message}", retryable: false));
    }

    private static AgentException OfProtocol(McpProtocolException e, string who)
    {
        var (code, retryable) = e.ErrorCode switch
        {
            McpErrorCode.InvalidParams => (HttpErrors.BadInput, false),
            McpErrorCode.MethodNotFound => (McpErrors.NoTool, false),
            McpErrorCode.UrlElicitationRequired => (McpErrors.NeedsPerson, false),
            McpErrorCode.InvalidRequest or McpErrorCode.ParseError or McpErrorCode.HeaderMismatch
                or McpErrorCode.MissingRequiredClientCapability or McpErrorCode.UnsupportedProtocolVersion => (McpErrors.Server, false),
            _ => (McpErrors.Server, true),
        };
        var where = e is UrlElicitationRequiredException x
            ? $" Somebody has to go to {string.Join(", ", x.Elicitations.Select(i => i.Url))}."
            : "";
        return new AgentException(code, $"{who} answered {(int)e.ErrorCode}: {e.Message}{where}", retryable);
    }
}
