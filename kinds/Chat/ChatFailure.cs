using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Runs;
using AgentGrid.Kinds.Http;
using AgentGrid.Kinds.Http.Connections;
using AgentGrid.Kinds.Http.Exchanges;

namespace AgentGrid.Kinds.Chat;

/// <summary>What went wrong with an attempt, in the words of agents.</summary>
/// <param name="Status">Of the endpoint's answer; null when there was none.</param>
/// <param name="IsUnprepared">What the configuration refers to is not there, or cannot be used.</param>
internal sealed record ChatFailure(AgentException Error, int? Status = null, bool IsUnprepared = false)
{
    private const string NoSecret = "no_secret";

    /// <summary>Null when the exception is about something else.</summary>
    public static ChatFailure? Of(Exception exception, string who, AgentKindContext context)
    {
        // The library puts its own exceptions around those of the connection.
        for (var e = exception; e is not null; e = e.InnerException)
        {
            switch (e)
            {
                case AgentException x:
                    return new ChatFailure(x, IsUnprepared: x.Code is NoSecret or HttpErrors.BadConfig);
                case TooLongException:
                    return new ChatFailure(new AgentException(
                        ErrorCodes.OutputTooLarge,
                        $"{who} answered with more than {context.MaxOutputBytes:N0} bytes, the limit for an output (option MaxOutputBytes).",
                        retryable: false));
                case ClientResultException { Status: > 0 } x:
                    return OfAnswer(x, who, context);
                default:
                    if (ConnectionFailure.Of(e, who) is { } failure)
                    {
                        return new ChatFailure(failure);
                    }
                    break;
            }
        }
        // What the library throws about answers that it cannot read.
        return exception is JsonException or ArgumentException or InvalidOperationException or FormatException
            or KeyNotFoundException or IndexOutOfRangeException or NotSupportedException
            ? new ChatFailure(new AgentException(
                HttpErrors.BadAnswer, $"{who} gave an answer that cannot be read: {exception.Message}", retryable: false, exception))
            : null;
    }

    private static ChatFailure OfAnswer(ClientResultException exception, string who, AgentKindContext context)
    {
        var response = exception.GetRawResponse();
        var error = ServiceError.Read(BodyOf(response));
        response!.Headers.TryGetValue("Retry-After", out var retryAfter);
        var said = error.Message is { Length: > 0 } message ? $": {message}" : "";
        return new ChatFailure(
            new AgentException(
                error.Code ?? HttpErrors.OfStatus(exception.Status), $"{who} answered {exception.Status}{said}",
                ChatErrors.IsRetryable(exception.Status, error.Code), exception)
            {
                RetryAfter = RetryAfter.Of(retryAfter, context.Time.GetUtcNow()) ?? error.RetryAfter,
            },
            exception.Status);
    }

    private static ReadOnlySpan<byte> BodyOf(PipelineResponse? response)
    {
        try
        {
            return response is null ? [] : response.Content.ToMemory().Span;
        }
        catch (InvalidOperationException)
        {
            return []; // it was not read
        }
    }
}
