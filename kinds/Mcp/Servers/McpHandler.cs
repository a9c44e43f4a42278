using System.Net;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Http;
using AgentGrid.Kinds.Http.Connections;
using AgentGrid.Kinds.Http.Exchanges;

namespace AgentGrid.Kinds.Mcp.Servers;

/// <summary>
/// Stands between the client of the library and the connections: gives requests what is secret, as it is now, and says what
/// the library would leave out of answers: when to come again, and what is none.
/// </summary>
internal sealed class McpHandler(
    McpServerSettings settings, AgentKindContext context, int maxAnswerBytes, string who, HttpMessageHandler inner)
    : DelegatingHandler(inner)
{
    private const string SessionHeader = "Mcp-Session-Id";
    private const string EventStream = "text/event-stream";
    private const string JsonType = "application/json";
    private const int LongestFailure = 64 * 1024;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.RequestUri = Address();
        foreach (var (name, value) in settings.Headers)
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, ServiceSettings.HeaderValue(name, context.Reveal(value)));
        }
        var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (request.Method != HttpMethod.Post)
        {
            return response;
        }
        try
        {
            await CheckAsync(request, response, cancellationToken).ConfigureAwait(false);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    private Uri Address()
    {
        var url = context.Reveal(settings.Url!);
        return ServiceAddress.Problem(url) is { } problem
            ? throw new AgentException(HttpErrors.BadConfig, $"{who}: 'url': {problem}", retryable: false)
            : new Uri(url);
    }

    private async Task CheckAsync(HttpRequestMessage request, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var type = response.Content.Headers.ContentType?.MediaType;
        if (!response.IsSuccessStatusCode)
        {
            if (response.StatusCode == HttpStatusCode.NotFound && request.Headers.Contains(SessionHeader))
            {
                throw new SessionOverException();
            }
            // What older servers answer to newer requests; the library then asks in the older way.
            if (response.StatusCode is not (HttpStatusCode.BadRequest or HttpStatusCode.NotFound))
            {
                throw await FailureAsync(response, cancellationToken).ConfigureAwait(false);
            }
        }
        else if (type is not (null or JsonType or EventStream))
        {
            throw new AgentException(
                HttpErrors.BadAnswer, $"{who} answered with '{type}', which is not an answer of this protocol: is the address right?", retryable: false);
        }
        var body = new LimitedStream(
            await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), maxAnswerBytes, perLine: type == EventStream);
        HttpContent content = type == JsonType && response.IsSuccessStatusCode
            ? new ByteArrayContent(await JsonAsync(body, cancellationToken).ConfigureAwait(false))
            : new StreamContent(body);
        foreach (var (name, values) in response.Content.Headers)
        {
            content.Headers.TryAddWithoutValidation(name, values);
        }
        response.Content = content;
    }

    // The library passes over what is no JSON, and then misses an answer.
    private async Task<byte[]> JsonAsync(LimitedStream body, CancellationToken cancellationToken)
    {
        using var all = new MemoryStream();
        await body.CopyToAsync(all, cancellationToken).ConfigureAwait(false);
        var bytes = all.ToArray();
        return bytes.Length > 0 && Json.Trusted(bytes).Problem() is { } problem
            ? throw new AgentException(HttpErrors.BadAnswer, $"{who} gave an answer that is not JSON: {problem}", retryable: false)
            : bytes;
    }

    private async Task<StatusException> FailureAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var body = new byte[LongestFailure];
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        var length = await stream.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        var error = ServiceError.Read(body.AsSpan(0, length));
        var status = (int)response.StatusCode;
        var said = error.Message is { Length: > 0 } message ? $": {message}" : "";
        return new StatusException(status, new AgentException(
            error.Code ?? HttpErrors.OfStatus(status), $"{who} answered {status}{said}", error.Retryable ?? HttpErrors.IsRetryable(status))
        {
            RetryAfter = error.RetryAfter ?? RetryAfter.Of(response.Headers, context.Time.GetUtcNow()),
        });
    }
}

/// <summary>The server does not know the session any more, and has not done what it was asked.</summary>
internal sealed class SessionOverException() : Exception("The server no longer knows the session.");

/// <summary>The server has answered with a status that is a failure.</summary>
internal sealed class StatusException(int status, AgentException error) : Exception(error.Message, error)
{
    public int Status => status;

    public AgentException Error => error;
}
