using System.Net;
using System.Text;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Http.Connections;

namespace AgentGrid.Kinds.Http.Exchanges;

/// <summary>What a service has answered.</summary>
internal sealed class Answer(Service service, HttpResponseMessage response, IAgentProgress progress)
{
    // Of a failure it is enough to know how it begins.
    private const int LongestFailure = 64 * 1024;
    private const int LongestQuote = 200;

    /// <summary>The status.</summary>
    public int Status => (int)response.StatusCode;

    /// <summary>The work has been taken and is not done.</summary>
    public bool IsAccepted => response.StatusCode == HttpStatusCode.Accepted;

    /// <summary>Where the service says that more can be learned; null when it does not say.</summary>
    public Uri? Location => response.Headers.Location;

    /// <summary>When the service says that it can be asked again; null when it does not say.</summary>
    public TimeSpan? RetryAfter => Connections.RetryAfter.Of(response.Headers, service.Context.Time.GetUtcNow());

    /// <summary>The output.</summary>
    /// <exception cref="AgentException">There is none.</exception>
    public async Task<Json> OutputAsync(CancellationToken cancellationToken) => Output(
        await ValueAsync(cancellationToken).ConfigureAwait(false));

    /// <summary>The output that a value stands for.</summary>
    /// <exception cref="AgentException">It stands for none.</exception>
    public Json Output(Json value)
    {
        try
        {
            return service.Protocol.Output(value);
        }
        catch (FormatException e)
        {
            throw Bad(e.Message);
        }
    }

    /// <summary>What came, as JSON; null (JSON) for nothing.</summary>
    /// <exception cref="AgentException">It is a failure, or no JSON.</exception>
    public async Task<Json> ValueAsync(CancellationToken cancellationToken)
    {
        if (!response.IsSuccessStatusCode)
        {
            throw await FailureAsync(cancellationToken).ConfigureAwait(false);
        }
        var type = response.Content.Headers.ContentType?.MediaType;
        if (type == "text/event-stream")
        {
            return await EventsAsync(cancellationToken).ConfigureAwait(false);
        }
        var body = await BodyAsync(service.MaxAnswerBytes, cancellationToken).ConfigureAwait(false);
        if (body.Length == 0)
        {
            return Json.Null;
        }
        return type is null || type == "application/json" || type.EndsWith("+json", StringComparison.Ordinal)
            ? ReadJson(body)
            : throw Bad($"it is '{type}', not JSON, and begins with: {Quote(body)}");
    }

    /// <summary>The failure that the answer stands for.</summary>
    public async Task<AgentException> FailureAsync(CancellationToken cancellationToken)
    {
        var error = ServiceError.Read(await BeginningAsync(cancellationToken).ConfigureAwait(false));
        var said = error.Message is { Length: > 0 } message ? $": {message}" : Status is >= 300 and < 400
            ? $", with the address {Location}: redirects are not followed. Put the address that answers in 'url'"
            : "";
        var isTransient = error.Retryable ?? service.Protocol.IsRetryable(error.Message ?? "") ?? (Status == 409
            ? IsInProgress(error)
            : HttpErrors.IsRetryable(Status));
        return new AgentException(
            error.Code ?? HttpErrors.OfStatus(Status), $"{service.Who} answered {Status} {response.ReasonPhrase}{said}",
            isTransient, new AnswerException(Status, said))
        {
            RetryAfter = RetryAfter ?? error.RetryAfter,
        };
    }

    private async Task<Json> EventsAsync(CancellationToken cancellationToken)
    {
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using var limited = new LimitedStream(stream, service.MaxAnswerBytes);
        await foreach (var e in EventStream.ReadAsync(limited, cancellationToken).ConfigureAwait(false))
        {
            switch (e)
            {
                case StreamedEvent.Progress x: progress.Report(x.Fraction, x.Message); break;
                case StreamedEvent.Result x: return ReadJson(x.Value);
                case StreamedEvent.Error x: throw Failed(x.Reason);
                default: break; // what a later version may say
            }
        }
        throw new AgentException(HttpErrors.ConnectionLost, $"{service.Who}: the stream of events ended without a result.");
    }

    /// <summary>The work has failed, as the service says in an answer that has not.</summary>
    public AgentException Failed(ServiceError error) => new(
        error.Code ?? "error", $"{service.Who} failed: {error.Message ?? "it gave no reason"}", error.Retryable ?? true,
        new AnswerException(null, "failed"))
    {
        RetryAfter = error.RetryAfter ?? RetryAfter,
    };

    /// <summary>It is not what was agreed upon.</summary>
    public AgentException Bad(string reason) => new(
        HttpErrors.BadAnswer, $"{service.Who} answered {Status} with something that cannot be used: {reason}", retryable: false,
        new AnswerException(null, reason));

    private Json ReadJson(ReadOnlyMemory<byte> body)
    {
        var text = body.Span.StartsWith("\uFEFF"u8) ? body["\uFEFF"u8.Length..] : body;
        var value = Json.Trusted(text);
        return value.Problem() is { } problem ? throw Bad($"it is not JSON: {problem} It begins with: {Quote(text)}") : value;
    }

    // "The same key" is a conflict that ends when the request before does.
    private bool IsInProgress(ServiceError error) => RetryAfter is not null
        || $"{error.Code} {error.Message}".Replace('_', ' ').Replace('-', ' ').Contains("in progress", StringComparison.OrdinalIgnoreCase)
        || error.Message?.Contains("being processed", StringComparison.OrdinalIgnoreCase) == true;

    private async Task<byte[]> BodyAsync(int limit, CancellationToken cancellationToken)
    {
        if (response.Content.Headers.ContentLength > limit)
        {
            throw new TooLongException(limit);
        }
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using var limited = new LimitedStream(stream, limit);
        using var body = new MemoryStream((int)(response.Content.Headers.ContentLength ?? 0));
        await limited.CopyToAsync(body, cancellationToken).ConfigureAwait(false);
        return body.Length == body.Capacity ? body.GetBuffer() : body.ToArray();
    }

    // A failure is one, also when the connection is lost in the middle of its reason.
    private async Task<byte[]> BeginningAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[LongestFailure];
        var filled = 0;
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            filled = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
        }
        return buffer[..filled];
    }

    private static string Quote(ReadOnlyMemory<byte> body) => Names.Shorten(string.Concat(
        Encoding.UTF8.GetString(body.Span[..Math.Min(body.Length, LongestQuote * 2)]).Select(c => char.IsControl(c) ? ' ' : c)), LongestQuote);
}
