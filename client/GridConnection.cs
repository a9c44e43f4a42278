using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgentGrid.Client;

/// <summary>Requests to one server, tried again while that makes sense.</summary>
internal sealed class GridConnection
{
    private readonly GridClientOptions _options;
    private readonly Uri _address;

    public GridConnection(HttpClient http, GridClientOptions options)
    {
        Http = http;
        _options = options;
        _address = http.BaseAddress is { IsAbsoluteUri: true, Scheme: "http" or "https" } address
            ? new Uri(address.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/")
            : throw new ArgumentException($"'{http.BaseAddress}' is not the address of a server, such as http://127.0.0.1:8000.");
    }

    public HttpClient Http { get; }

    public Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken) =>
        SendAsync(() => Request(HttpMethod.Get, path), isRepeatable: true, cancellationToken);

    /// <summary>Opens what is no JSON.</summary>
    public async Task<Stream> OpenAsync(string path, CancellationToken cancellationToken)
    {
        var response = await AskAsync(
            () => Request(HttpMethod.Get, path), isRepeatable: true, new Patience(_options), cancellationToken).ConfigureAwait(false);
        return await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <param name="path">The path, relative to the address.</param>
    /// <param name="body">Null for JSON's null.</param>
    /// <param name="key">The idempotency key; null for none.</param>
    /// <param name="isRepeatable">Whether doing it twice is doing it once.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<T> PostAsync<T>(
        string path, JsonNode? body, string? key, bool isRepeatable, CancellationToken cancellationToken)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(body, Wire.Options);
        var answer = await SendAsync(
            () =>
            {
                var request = Request(HttpMethod.Post, path);
                request.Content = new ByteArrayContent(bytes) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
                if (key is not null)
                {
                    request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
                }
                return request;
            },
            isRepeatable, cancellationToken).ConfigureAwait(false);
        return answer.Deserialize<T>(Wire.Options)!;
    }

    /// <summary>Opens an event stream; null when there is nothing more to come.</summary>
    public async Task<EventStream?> OpenEventsAsync(
        string path, long after, Patience patience, CancellationToken cancellationToken)
    {
        var response = await AskAsync(
            () =>
            {
                var request = Request(HttpMethod.Get, path);
                request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
                request.Headers.TryAddWithoutValidation("Last-Event-ID", FormattableString.Invariant($"{after}"));
                return request;
            },
            isRepeatable: true, patience, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NoContent)
        {
            response.Dispose();
            return null;
        }
        return await EventStream.OpenAsync(response, _options, cancellationToken).ConfigureAwait(false);
    }

    private async Task<JsonElement> SendAsync(
        Func<HttpRequestMessage> request, bool isRepeatable, CancellationToken cancellationToken)
    {
        var patience = new Patience(_options);
        while (true)
        {
            using var response = await AskAsync(request, isRepeatable, patience, cancellationToken).ConfigureAwait(false);
            try
            {
                return await InTimeAsync(
                    token => ReadAsync(response, token), cancellationToken).ConfigureAwait(false);
            }
            catch (JsonException e)
            {
                throw new HttpRequestException(
                    HttpRequestError.InvalidResponse, $"The server at {_address} is not Agent Grid: its answer is not JSON.", e);
            }
            catch (Exception e) when (IsLost(e) && isRepeatable)
            {
                if (!await patience.TryWaitAsync(null, cancellationToken).ConfigureAwait(false))
                {
                    throw;
                }
            }
        }
    }

    // The beginning of an answer that is no refusal.
    private async Task<HttpResponseMessage> AskAsync(
        Func<HttpRequestMessage> request, bool isRepeatable, Patience patience, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                using var message = request();
                return await InTimeAsync(token => AcceptedAsync(message, token), cancellationToken).ConfigureAwait(false);
            }
            catch (GridProblemException e) when (IsPassing(e.Status, isRepeatable))
            {
                if (!await patience.TryWaitAsync(e.RetryAfter, cancellationToken).ConfigureAwait(false))
                {
                    throw;
                }
            }
            catch (Exception e) when (IsLost(e) && isRepeatable)
            {
                if (!await patience.TryWaitAsync(null, cancellationToken).ConfigureAwait(false))
                {
                    throw;
                }
            }
        }
    }

    private async Task<HttpResponseMessage> AcceptedAsync(HttpRequestMessage message, CancellationToken cancellationToken)
    {
        var response = await Http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }
        using (response)
        {
            throw new GridProblemException(
                response.StatusCode, await ProblemAsync(response, cancellationToken).ConfigureAwait(false),
                response.Headers.RetryAfter?.Delta);
        }
    }

    private static async Task<JsonElement> ProblemAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadAsync(response, cancellationToken).ConfigureAwait(false);
        }
        catch (JsonException)
        {
            return default; // a proxy has answered
        }
    }

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken) =>
        JsonElement.Parse(
            await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false), new JsonDocumentOptions { MaxDepth = 128 });

    // What was refused for want of room was not done; after other answers one cannot know.
    private static bool IsPassing(HttpStatusCode status, bool isRepeatable) => status == HttpStatusCode.TooManyRequests
        || (isRepeatable && (int)status is 502 or 503 or 504);

    private static bool IsLost(Exception e) => e is HttpRequestException or HttpIOException or TimeoutException;

    private async Task<T> InTimeAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        using var silence = new CancellationTokenSource(_options.Timeout, _options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        try
        {
            return await ask(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"The server at {_address} has not answered within {_options.Timeout.TotalSeconds} s.", e);
        }
    }

    private HttpRequestMessage Request(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, new Uri(_address, path));
        if (_options.ApiKey is { } key)
        {
            request.Headers.TryAddWithoutValidation("X-Api-Key", key);
        }
        return request;
    }
}
