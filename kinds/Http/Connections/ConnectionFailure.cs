using System.Security.Authentication;
using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Kinds.Http.Connections;

/// <summary>What went wrong with a connection, in the words of agents.</summary>
public static class ConnectionFailure
{
    /// <summary>Null when the exception is about something else.</summary>
    /// <param name="who">Who was asked what, as a message begins.</param>
    public static AgentException? Of(Exception exception, string who) => exception switch
    {
        HttpRequestException
        {
            HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError
            or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError
        } e =>
            Failed(who, ExceptionReason.Of(e), e),
        HttpRequestException { InnerException: AuthenticationException } e => Failed(who, ExceptionReason.Of(e), e),
        // How a client says that connecting took too long.
        OperationCanceledException { InnerException: TimeoutException } e => Failed(who, ExceptionReason.Of(e), e),
        HttpIOException { HttpRequestError: HttpRequestError.InvalidResponse } e => Bad(who, e),
        HttpRequestException
        {
            HttpRequestError: HttpRequestError.InvalidResponse
            or HttpRequestError.ConfigurationLimitExceeded or HttpRequestError.VersionNegotiationError
        } e => Bad(who, e),
        HttpRequestException or IOException => new AgentException(
            HttpErrors.ConnectionLost, $"{who}: the connection was lost before the answer was whole: {ExceptionReason.Of(exception)}",
            inner: exception),
        _ => null,
    };

    private static AgentException Failed(string who, string reason, Exception e) =>
        new(HttpErrors.ConnectionFailed, $"{who}: cannot connect: {reason}", inner: e);

    private static AgentException Bad(string who, Exception e) =>
        new(HttpErrors.BadAnswer, $"{who}: the answer is not HTTP: {ExceptionReason.Of(e)}", retryable: false, e);
}
