using System.Globalization;
using System.Security.Cryptography;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Runs;
using AgentGrid.Kinds.Http.Connections;
using AgentGrid.Kinds.Http.Kserve;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Kinds.Http.Exchanges;

/// <summary>A service as an agent is configured to ask it. It is asked once an attempt, and what comes is not tried again here.</summary>
internal sealed partial class Service(string agent, HttpSettings settings, AgentKindContext context, ILogger logger) : IDisposable
{
    // What surrounds an output in protocols that wrap it.
    private const int Around = 64 * 1024;

    private const int KeyBytes = 8;

    private readonly HttpClient _client = ServiceClients.Create(settings.ConnectTimeout);

    private readonly IProtocol _protocol =
        settings.Kserve is { } kserve ? new KserveProtocol(kserve) : new PlainProtocol(settings.Body);

    public HttpSettings Settings => settings;

    public AgentKindContext Context => context;

    public IProtocol Protocol => _protocol;

    /// <summary>How a message begins.</summary>
    public string Who => $"Agent '{agent}': {settings.Method} {settings.Target}";

    /// <summary>Bytes that an answer may have.</summary>
    public int MaxAnswerBytes => (int)Math.Min((long)context.MaxOutputBytes + Around, Array.MaxLength / 2);

    /// <summary>Does the work of one attempt.</summary>
    /// <exception cref="AgentException">It failed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<Json> AskAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        try
        {
            var prepared = Prepare();
            using var callback = settings.CallbackSecret is { } secret ? new Callback(this, invocation, secret) : null;
            using var request = Request(prepared, invocation);
            if (callback is not null)
            {
                Add(request, "AgentGrid-Callback", callback.Url);
            }
            using var response = await SendAsync(request, cancellationToken).ConfigureAwait(false);
            var answer = new Answer(this, response, invocation.Progress);
            return await (answer.IsAccepted && callback is not null ? callback.WaitAsync(answer, prepared, cancellationToken)
                : answer.IsAccepted ? new Job(this, prepared, invocation).FollowAsync(answer, cancellationToken)
                : answer.OutputAsync(cancellationToken)).ConfigureAwait(false);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception e) when (Failure(e) is { } failure)
        {
            throw failure;
        }
    }

    /// <summary>Looks up what the configuration refers to, as it is now.</summary>
    /// <exception cref="AgentException">It is not there, or cannot be used where it stands.</exception>
    public PreparedService Prepare()
    {
        try
        {
            var url = context.Reveal(settings.Url);
            return ServiceAddress.Problem(url) is { } problem
                ? throw new AgentException(HttpErrors.BadConfig, $"Agent '{agent}': 'url' is '{settings.Target}': {problem}", retryable: false)
                : new PreparedService(new Uri(url), [.. settings.Headers.Select(h => (h.Key, ServiceSettings.HeaderValue(h.Key, context.Reveal(h.Value))))]);
        }
        catch (AgentException e)
        {
            throw new AgentException(e.Code, e.Message, e.Retryable, new UnpreparedException(e.Message, e)) { RetryAfter = e.RetryAfter };
        }
    }

    /// <summary>Sends a request, and returns when the head of its answer is there.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);

    /// <summary>A request about the work of an attempt, without a body.</summary>
    public static HttpRequestMessage About(HttpMethod method, Uri url, PreparedService prepared, AgentInvocation invocation)
    {
        var request = new HttpRequestMessage(method, url);
        Add(request, "User-Agent", "AgentGrid");
        Add(request, "Accept", "application/json, text/event-stream");
        Add(request, "AgentGrid-Run", invocation.RunId.Value);
        Add(request, "AgentGrid-Step", invocation.Step);
        Add(request, "AgentGrid-Attempt", invocation.Attempt.ToString(CultureInfo.InvariantCulture));
        if (invocation.TraceParent is { } trace)
        {
            Add(request, "traceparent", trace);
        }
        foreach (var (name, value) in prepared.Headers)
        {
            if (!name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
            {
                request.Headers.Remove(name);
                Add(request, name, value);
            }
        }
        return request;
    }

    /// <summary>What became of a connection, as the attempt's failure; null for an exception about something else.</summary>
    public AgentException? Failure(Exception exception) => exception is TooLongException { Limit: var limit }
        ? new AgentException(
            ErrorCodes.OutputTooLarge,
            $"{Who} answered with more than {limit:N0} bytes; {context.MaxOutputBytes:N0} are allowed for an output (option MaxOutputBytes).",
            retryable: false, new AnswerException(null, exception.Message))
        : ConnectionFailure.Of(exception, Who);

    /// <summary>The same failure, with references where services repeat secrets.</summary>
    public AgentException Shown(AgentException e) =>
        new(e.Code, context.Conceal(e.Message, settings.Secrets), e.Retryable, e) { RetryAfter = e.RetryAfter };

    /// <summary>It was asked to end work for which nobody waits, and that did not succeed.</summary>
    public void WasNotWithdrawn(Exception e) => LogNotWithdrawn(logger, e, agent);

    public void Dispose() => _client.Dispose();

    private HttpRequestMessage Request(PreparedService prepared, AgentInvocation invocation)
    {
        var body = _protocol.Request(invocation.Input);
        var request = About(settings.Method, prepared.Url, prepared, invocation);
        request.Content = new ReadOnlyMemoryContent(body);
        var type = prepared.Headers.FirstOrDefault(h => h.Name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase)).Value;
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type ?? "application/json");
        if (Key(invocation, body.Span) is { } key)
        {
            // A string of RFC 8941 has quotes.
            Add(request, "Idempotency-Key", $"\"{key}\"");
        }
        var left = invocation.Deadline - context.Time.GetUtcNow();
        Add(request, "AgentGrid-Deadline", invocation.Deadline.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
        Add(request, "AgentGrid-Timeout", Math.Max(0, left.TotalSeconds).ToString("0.###", CultureInfo.InvariantCulture));
        return request;
    }

    private string? Key(AgentInvocation invocation, ReadOnlySpan<byte> body) => settings.IdempotencyKey switch
    {
        KeyScope.Attempt => invocation.IdempotencyKey,
        // A key that comes with another body than before is refused, so that the body is part of it.
        KeyScope.Step => $"{invocation.RunId.Value}/{invocation.Step}/{Convert.ToHexStringLower(SHA256.HashData(body)[..KeyBytes])}",
        KeyScope.None => null,
        _ => throw new InvalidOperationException($"Unknown scope {settings.IdempotencyKey}."),
    };

    private static void Add(HttpRequestMessage request, string name, string value) =>
        request.Headers.TryAddWithoutValidation(name, value);

    [LoggerMessage(1122, LogLevel.Information, "Agent '{Agent}': the service could not be told that nobody waits for its work any more")]
    private static partial void LogNotWithdrawn(ILogger logger, Exception exception, string agent);
}

/// <summary>A service with its secrets: to be used at once, and not to be kept or shown.</summary>
internal sealed record PreparedService(Uri Url, IReadOnlyList<(string Name, string Value)> Headers);
