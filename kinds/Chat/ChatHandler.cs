using System.Diagnostics;
using System.Net.Http.Headers;
using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Http;
using AgentGrid.Kinds.Http.Connections;

namespace AgentGrid.Kinds.Chat;

/// <summary>
/// Stands between the client of the library and the connections: gives requests what is secret, as it is now, and sees to it
/// that what comes back can be read and ends.
/// </summary>
internal sealed class ChatHandler(ChatSettings settings, AgentKindContext context, int maxAnswerBytes, HttpMessageHandler inner)
    : DelegatingHandler(inner)
{
    private const string EventStream = "text/event-stream";

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Headers.Authorization = settings.ApiKey is { } key
            ? new AuthenticationHeaderValue("Bearer", ServiceSettings.HeaderValue("api_key", context.Reveal(key)))
            : null;
        foreach (var (name, value) in settings.Headers)
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, ServiceSettings.HeaderValue(name, context.Reveal(value)));
        }
        if (Activity.Current?.Id is { } trace)
        {
            request.Headers.TryAddWithoutValidation("traceparent", trace);
        }
        var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        Check(response);
        var limited = new StreamContent(new LimitedStream(
            await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), maxAnswerBytes, perLine: settings.Stream));
        foreach (var (name, values) in response.Content.Headers)
        {
            limited.Headers.TryAddWithoutValidation(name, values);
        }
        response.Content = limited;
        return response;
    }

    // The library takes anything for a stream of events, and finds none in it.
    private void Check(HttpResponseMessage response)
    {
        var type = response.Content.Headers.ContentType?.MediaType;
        var isStream = type == EventStream;
        if (response.IsSuccessStatusCode && isStream != settings.Stream)
        {
            response.Dispose();
            throw new AgentException(
                HttpErrors.BadAnswer,
                settings.Stream
                    ? $"the answer is '{type}', not a stream of events; set 'stream: false' if the endpoint does not stream"
                    : $"the answer is '{type}', but a single answer was asked for",
                retryable: false);
        }
    }
}
