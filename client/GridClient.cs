using System.Runtime.CompilerServices;
using System.Text.Json;

namespace AgentGrid.Client;

/// <summary>
/// Agent Grid over HTTP. Every method can be called concurrently. Requests are retried while the server is away or has no room
/// (<see cref="GridClientOptions.Patience"/>), if they are safe to repeat.
/// </summary>
/// <remarks>
/// Methods throw <see cref="GridProblemException"/> when the server refuses, <see cref="HttpRequestException"/> when it cannot be
/// reached, and <see cref="TimeoutException"/> when it is silent.
/// </remarks>
public sealed class GridClient : IDisposable
{
    private readonly GridConnection _server;
    private readonly GridClientOptions _options;
    private readonly HttpClient? _own;

    /// <param name="address">The server's address: <c>http://127.0.0.1:8000</c>, with a path if it is served under one.</param>
    /// <param name="options">Null for the defaults, without an API key.</param>
    public GridClient(Uri address, GridClientOptions? options = null)
        : this(NewHttp(address), options) => _own = _server.Http;

    /// <summary>Uses an HTTP client that its owner disposes of, such as one from an <c>IHttpClientFactory</c>.</summary>
    /// <param name="http">Its <see cref="HttpClient.BaseAddress"/> is the server's address.</param>
    /// <param name="options">Null for the defaults, without an API key.</param>
    public GridClient(HttpClient http, GridClientOptions? options = null)
    {
        _options = options ?? new GridClientOptions();
        _server = new GridConnection(http, _options);
    }

    /// <summary>Starts the run of a key, or finds it. Returns after the run is durable.</summary>
    /// <exception cref="GridProblemException">With the code <c>AG2030</c>: the key is taken by a run with different content.</exception>
    public Task<SubmittedRun> SubmitAsync(RunRequest request, CancellationToken cancellationToken = default) =>
        _server.PostAsync<SubmittedRun>(request.Route, request.ToBody(), null, isRepeatable: true, cancellationToken);

    /// <summary>A run with its steps.</summary>
    /// <exception cref="GridProblemException">With the code <c>AG2021</c>: there is no such run (any more).</exception>
    public async Task<Run> GetRunAsync(string runId, CancellationToken cancellationToken = default)
    {
        var json = await _server.GetAsync($"api/v1/runs/{Wire.Segment(runId)}", cancellationToken).ConfigureAwait(false);
        return json.Deserialize<Run>(Wire.Options)! with { Json = json };
    }

    /// <summary>The output of a step, however large.</summary>
    /// <exception cref="GridProblemException">With the code <c>AG2022</c>: there is no such step, or no output yet.</exception>
    public Task<JsonElement> GetOutputAsync(string runId, string step, CancellationToken cancellationToken = default) =>
        _server.GetAsync($"api/v1/runs/{Wire.Segment(runId)}/steps/{Wire.Segment(step)}/output", cancellationToken);

    /// <summary>The receipt of a run that has ended: who did what, where, why, and what it cost. Its text is what was signed, where the server signs.</summary>
    /// <exception cref="GridProblemException">
    /// With the code <c>AG2033</c>: the run has not ended. <c>AG2021</c>: there is no such run (any more).
    /// </exception>
    public Task<JsonElement> GetReceiptAsync(string runId, CancellationToken cancellationToken = default) =>
        _server.GetAsync($"api/v1/runs/{Wire.Segment(runId)}/receipt", cancellationToken);

    /// <summary>The artifacts that a run's outputs and input refer to.</summary>
    /// <exception cref="GridProblemException">With the code <c>AG2021</c>: there is no such run (any more).</exception>
    public async Task<IReadOnlyList<Artifact>> GetArtifactsAsync(string runId, CancellationToken cancellationToken = default)
    {
        var json = await _server.GetAsync($"api/v1/runs/{Wire.Segment(runId)}/artifacts", cancellationToken).ConfigureAwait(false);
        return json.GetProperty("artifacts").Deserialize<Artifact[]>(Wire.Options)!;
    }

    /// <summary>The bytes of an artifact, as they come: the stream is read once, and ends with an exception where the connection is lost.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="name">Its name, or its SHA-256 where the run has more than one of that name.</param>
    /// <param name="step">The step in whose output the reference is; null for any.</param>
    /// <param name="cancellationToken">Gives up waiting for the beginning.</param>
    /// <exception cref="GridProblemException">
    /// With the code <c>AG2027</c>: there is no such artifact. <c>AG2032</c>: there are several of that name.
    /// </exception>
    public Task<Stream> OpenArtifactAsync(
        string runId, string name, string? step = null, CancellationToken cancellationToken = default) => _server.OpenAsync(
            $"api/v1/runs/{Wire.Segment(runId)}/artifacts/{Wire.Segment(name)}{(step is null ? "" : $"?step={Uri.EscapeDataString(step)}")}",
            cancellationToken);

    /// <summary>Waits until a run has ended, by its event stream; through restarts of the server, and however long that takes.</summary>
    public async Task<Run> WaitForEndAsync(string runId, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var run = await GetRunAsync(runId, cancellationToken).ConfigureAwait(false);
            if (run.IsEnded)
            {
                return run;
            }
            await foreach (var _ in FollowAsync(runId, after: 0, cancellationToken).ConfigureAwait(false))
            {
            }
        }
    }

    /// <summary>
    /// The events of a run as they come, up to the one that ends it for good, without gaps or repeats: an interrupted stream is
    /// resumed where it was.
    /// </summary>
    /// <param name="runId">The run.</param>
    /// <param name="after">The <see cref="RunEvent.Seq"/> of the last event you have seen; 0 for all.</param>
    /// <param name="cancellationToken">Stops following.</param>
    public async IAsyncEnumerable<RunEvent> FollowAsync(
        string runId, long after = 0, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var path = $"api/v1/runs/{Wire.Segment(runId)}/events";
        var patience = new Patience(_options);
        while (true)
        {
            await using var stream = await _server.OpenEventsAsync(path, after, patience, cancellationToken).ConfigureAwait(false);
            if (stream is null)
            {
                yield break;
            }
            while (await stream.NextAsync(cancellationToken).ConfigureAwait(false) is { } e)
            {
                after = e.Seq;
                yield return e;
            }
            if (stream.IsAlive)
            {
                patience.Found();
            }
            // The run has ended, or the connection: asking again tells which.
            if (!stream.IsDone && !await patience.TryWaitAsync(null, cancellationToken).ConfigureAwait(false))
            {
                throw stream.Failure ?? new HttpRequestException("The server ended the event stream before anything arrived.");
            }
        }
    }

    /// <summary>Asks a run to end.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="reason">The reason, for people; null for none.</param>
    /// <param name="cancellationToken">Gives up waiting for the answer.</param>
    public Task<CommandAnswer> CancelAsync(string runId, string? reason = null, CancellationToken cancellationToken = default) =>
        CommandAsync(runId, "cancel", new { Reason = reason }, null, isRepeatable: true, cancellationToken);

    /// <summary>Retries a failed or cancelled run. Not repeated when the connection is lost: the run may have failed again by then.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="fromStep">The step to run again, with all that depend on it; null for the steps that have not succeeded.</param>
    /// <param name="cancellationToken">Gives up waiting for the answer.</param>
    public Task<CommandAnswer> RetryAsync(string runId, string? fromStep = null, CancellationToken cancellationToken = default) =>
        CommandAsync(runId, "retry", new { FromStep = fromStep }, null, isRepeatable: false, cancellationToken);

    /// <summary>Sends the signal that a step waits for, or will wait for.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="name">The name of the signal.</param>
    /// <param name="data">Any value that can be written as JSON, names in <c>snake_case</c>.</param>
    /// <param name="key">The idempotency key, 1 to 200 characters; null to make one for this call.</param>
    /// <param name="cancellationToken">Gives up waiting for the answer.</param>
    public Task<CommandAnswer> SignalAsync(
        string runId, string name, object? data = null, string? key = null, CancellationToken cancellationToken = default) =>
        CommandAsync(
            runId, $"signals/{Wire.Segment(name)}", data, key ?? NewKey(), isRepeatable: true, cancellationToken);

    /// <summary>Approves a step that waits for a decision.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="step">The step.</param>
    /// <param name="values">What its form asks for, written as a JSON object; null for nothing.</param>
    /// <param name="comment">A comment for people; null for none.</param>
    /// <param name="key">The idempotency key, 1 to 200 characters; null to make one for this call.</param>
    /// <param name="cancellationToken">Gives up waiting for the answer.</param>
    public Task<CommandAnswer> ApproveAsync(
        string runId, string step, object? values = null, string? comment = null, string? key = null,
        CancellationToken cancellationToken = default) =>
        DecideAsync(runId, step, true, values, comment, key, cancellationToken);

    /// <summary>Rejects a step that waits for a decision, so that it fails.</summary>
    /// <inheritdoc cref="ApproveAsync" path="/param"/>
    public Task<CommandAnswer> RejectAsync(
        string runId, string step, string? comment = null, string? key = null, CancellationToken cancellationToken = default) =>
        DecideAsync(runId, step, false, null, comment, key, cancellationToken);

    public void Dispose() => _own?.Dispose();

    // Names that lead elsewhere by now are looked up again.
    private static HttpClient NewHttp(Uri address) => new(
        new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
    {
        BaseAddress = address,
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private static string NewKey() => Guid.NewGuid().ToString("N");

    private Task<CommandAnswer> DecideAsync(
        string runId, string step, bool approved, object? values, string? comment, string? key, CancellationToken cancellationToken) =>
        CommandAsync(
            runId, $"approvals/{Wire.Segment(step)}", new { Approved = approved, Comment = comment, Values = values },
            key ?? NewKey(), isRepeatable: true, cancellationToken);

    private Task<CommandAnswer> CommandAsync(
        string runId, string command, object? body, string? key, bool isRepeatable, CancellationToken cancellationToken) =>
        _server.PostAsync<CommandAnswer>(
            $"api/v1/runs/{Wire.Segment(runId)}/{command}", Wire.Node(body), key, isRepeatable, cancellationToken);
}
