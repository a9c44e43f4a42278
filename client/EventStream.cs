using System.Text.Json;

namespace AgentGrid.Client;

/// <summary>One connection to the events of a run. Ends with the connection: <see cref="Failure"/> says whether it was lost.</summary>
internal sealed class EventStream : IAsyncDisposable
{
    // The server shows life every 15 s: who hears nothing for longer has lost the connection without noticing.
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(45);

    private readonly HttpResponseMessage _response;
    private readonly StreamReader _lines;
    private readonly GridClientOptions _options;
    private bool _hasEvents;

    private EventStream(HttpResponseMessage response, Stream stream, GridClientOptions options) =>
        (_response, _lines, _options) = (response, new StreamReader(stream), options);

    /// <summary>Why it ended; null if the server ended it.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Something has come: the server is there.</summary>
    public bool IsAlive { get; private set; }

    /// <summary>It has ended as one does whose run has.</summary>
    public bool IsDone { get; private set; }

    public static async Task<EventStream> OpenAsync(
        HttpResponseMessage response, GridClientOptions options, CancellationToken cancellationToken) =>
        new(response, await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), options);

    /// <summary>The next event; null when there are no more on this connection.</summary>
    public async Task<RunEvent?> NextAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
            {
                IsAlive = true;
                // An event is one line; the others are its number once more, and signs of life.
                if (line.StartsWith("data:", StringComparison.Ordinal))
                {
                    var json = JsonElement.Parse(line.AsSpan(5));
                    _hasEvents = true;
                    return json.Deserialize<RunEvent>(Wire.Options)! with { Json = json };
                }
            }
            IsDone = _hasEvents;
        }
        catch (Exception e) when (e is IOException or HttpRequestException or TimeoutException or JsonException)
        {
            Failure = e;
        }
        return null;
    }

    public ValueTask DisposeAsync()
    {
        _lines.Dispose();
        _response.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<string?> ReadLineAsync(CancellationToken cancellationToken)
    {
        var limit = _options.Timeout > s_silence ? _options.Timeout : s_silence;
        using var silence = new CancellationTokenSource(limit, _options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        try
        {
            return await _lines.ReadLineAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"Nothing arrived on the event stream for {limit.TotalSeconds} s.", e);
        }
    }
}
