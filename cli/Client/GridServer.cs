using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using AgentGrid.Core;

namespace AgentGrid.Cli.Client;

/// <summary>The server, over its REST API.</summary>
internal sealed class GridServer : IDisposable
{
    private readonly HttpClient _http;

    public GridServer(Uri address, string? apiKey)
    {
        Address = new Uri(address.AbsoluteUri.TrimEnd('/') + "/");
        ApiKey = apiKey;
        _http = new HttpClient { BaseAddress = Address, Timeout = Timeout.InfiniteTimeSpan };
        if (apiKey is not null)
        {
            _http.DefaultRequestHeaders.Add("X-Api-Key", apiKey);
        }
    }

    public Uri Address { get; }
    public string? ApiKey { get; }

    public Task<Json> GetAsync(string path, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, path, null, cancellationToken);

    /// <param name="body">Null for none.</param>
    public Task<Json> PostAsync(string path, Json? body, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, path, body, cancellationToken);

    /// <summary>
    /// Runs, newest first: pages of the server, which may be short, put together to as many runs as are asked for.
    /// </summary>
    /// <param name="filters">More parameters of the query, each after a <c>&amp;</c>.</param>
    /// <param name="cursor">Where to go on; null to begin with the newest.</param>
    public async Task<Json> RunsAsync(
        string filters, int limit, string? cursor, CancellationToken cancellationToken)
    {
        var runs = new List<JsonElement>();
        do
        {
            var page = (await RunPageAsync(filters, limit - runs.Count, cursor, cancellationToken)).Element;
            runs.AddRange(page.GetProperty("runs").EnumerateArray());
            cursor = page.TryGetProperty("next", out var next) ? next.GetString() : null;
        }
        while (cursor is not null && runs.Count < limit);
        return Json.From(new { runs, next = cursor });
    }

    /// <summary>One page of runs, which may be short, even empty, and have more after it.</summary>
    /// <inheritdoc cref="RunsAsync"/>
    public Task<Json> RunPageAsync(string filters, int limit, string? cursor, CancellationToken cancellationToken) =>
        GetAsync(
            string.Create(CultureInfo.InvariantCulture, $"api/v1/runs?limit={limit}{filters}")
            + (cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}"), cancellationToken);

    /// <summary>How the server is, also where it says that it is unavailable.</summary>
    public Task<Json> HealthAsync(CancellationToken cancellationToken) => SendAsync(
        HttpMethod.Get, "health", null, cancellationToken,
        static answer => answer.StatusCode == HttpStatusCode.ServiceUnavailable && TypeOf(answer) == "application/json");

    /// <summary>A run with its steps, by its id.</summary>
    public Task<Json> RunAsync(string runId, CancellationToken cancellationToken) =>
        GetAsync($"api/v1/runs/{Uri.EscapeDataString(runId)}", cancellationToken);

    /// <summary>The id of a run that is named by its id, or by its key <c>match_id/round</c>.</summary>
    public async Task<string> ResolveAsync(string run, CancellationToken cancellationToken)
    {
        var slash = run.LastIndexOf('/');
        if (slash <= 0 || slash == run.Length - 1)
        {
            return run;
        }
        var (match, round) = (Uri.EscapeDataString(run[..slash]), Uri.EscapeDataString(run[(slash + 1)..]));
        var found = await GetAsync($"api/v1/runs?match_id={match}&round={round}&limit=1", cancellationToken);
        return found.To<RunLines>()!.Runs is [var line]
            ? line.RunId
            : throw new CliException(ExitCode.Refused, $"There is no run with the key '{run}' (any more).");
    }

    public void Dispose() => _http.Dispose();

    /// <param name="isAnswer">Which answers are no refusal, though their status is not one of success.</param>
    private async Task<Json> SendAsync(
        HttpMethod method, string path, Json? body, CancellationToken cancellationToken,
        Func<HttpResponseMessage, bool>? isAnswer = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new ReadOnlyMemoryContent(body.Utf8);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }
        try
        {
            using var response = await _http.SendAsync(request, cancellationToken);
            var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            return response.IsSuccessStatusCode || isAnswer?.Invoke(response) == true
                ? Json.Parse(bytes)
                : throw Refusal(response, bytes);
        }
        catch (HttpRequestException e)
        {
            throw Unreachable(e);
        }
        catch (JsonException e)
        {
            throw new CliException(
                ExitCode.Unreachable, $"What answers at {Address} is not Agent Grid: its answer is not JSON.", e);
        }
    }

    public CliException Unreachable(Exception e) => new(
        ExitCode.Unreachable,
        $"The server at {Address} does not answer: {e.Message.TrimEnd('.')}. Start it, or say where it is with " +
        "--server or AGENTGRID_SERVER.", e);

    private static string? TypeOf(HttpResponseMessage response) => response.Content.Headers.ContentType?.MediaType;

    private Exception Refusal(HttpResponseMessage response, byte[] bytes)
    {
        var isProblem = TypeOf(response) == "application/problem+json";
        var status = ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
        if (!isProblem || Json.Parse(bytes).To<Problem>() is not { } problem)
        {
            return new CliException(ExitCode.Refused, $"{Address} answered {status} without saying why.");
        }
        return new ProblemException(problem with
        {
            RetryAfter = (int?)response.Headers.RetryAfter?.Delta?.TotalSeconds,
        });
    }
}
