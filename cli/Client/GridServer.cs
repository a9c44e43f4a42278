using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using AgentGrid.Cli.Output;
using AgentGrid.Core;

namespace AgentGrid.Cli.Client;

/// <summary>The server, over its REST API.</summary>
internal sealed class GridServer : IDisposable
{
    public static readonly TimeSpan DefaultPatience = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http;
    private readonly TimeProvider _time;

    public GridServer(Uri address, string? apiKey, TimeSpan patience, TimeProvider time)
    {
        Address = new Uri(address.AbsoluteUri.TrimEnd('/') + "/");
        ApiKey = apiKey;
        Patience = patience;
        _time = time;
        // How long an answer may take is counted anew with every part of it: what is large may come slowly.
        _http = new HttpClient { BaseAddress = Address, Timeout = Timeout.InfiniteTimeSpan };
        if (apiKey is not null)
        {
            _http.DefaultRequestHeaders.Add("X-Api-Key", apiKey);
        }
    }

    public Uri Address { get; }
    public string? ApiKey { get; }

    /// <summary>How long the server may be silent before it counts as lost.</summary>
    public TimeSpan Patience { get; }

    /// <summary>Whether there was an answer from it that was no refusal.</summary>
    public bool HasAnswered { get; internal set; }

    public Task<Json> GetAsync(string path, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, path, null, TimeSpan.Zero, null, null, cancellationToken);

    /// <summary>Copies an answer that is no JSON.</summary>
    public async Task CopyAsync(string path, Stream target, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        await AskAsync(request, TimeSpan.Zero, null, target, cancellationToken);
        HasAnswered = true;
    }

    /// <param name="body">Null for none.</param>
    /// <param name="wait">How long the server is asked to wait before it answers.</param>
    /// <param name="key">By which a repetition is known; null for none.</param>
    public Task<Json> PostAsync(
        string path, Json? body, CancellationToken cancellationToken, TimeSpan wait = default, string? key = null) =>
        SendAsync(HttpMethod.Post, path, body, wait, key, null, cancellationToken);

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
        HttpMethod.Get, "health", null, TimeSpan.Zero, null,
        static answer => answer.StatusCode == HttpStatusCode.ServiceUnavailable && TypeOf(answer) == "application/json",
        cancellationToken);

    /// <summary>A run with its steps, by its id.</summary>
    public Task<Json> RunAsync(string runId, CancellationToken cancellationToken) =>
        GetAsync($"api/v1/runs/{Segment(runId)}", cancellationToken);

    /// <summary>The id of a run that is named by its id, or by its key <c>match_id/round</c>.</summary>
    /// <remarks>
    /// Both parts of a key can have slashes, so that a text can be several keys: each is asked for.
    /// </remarks>
    public async Task<string> ResolveAsync(string run, CancellationToken cancellationToken)
    {
        if (!run.Contains('/', StringComparison.Ordinal))
        {
            // A key of one part is told from an id by its looks; where there is none, the id is what is said not to be there.
            return RunId.TryParse(run, out _) ? run : (await FindAsync(run, RunKey.FirstRound, cancellationToken))?.RunId ?? run;
        }
        var found = new List<RunLine>();
        for (var slash = run.IndexOf('/'); slash >= 0; slash = run.IndexOf('/', slash + 1))
        {
            if (await FindAsync(run[..slash], run[(slash + 1)..], cancellationToken) is { } line)
            {
                found.Add(line);
            }
        }
        return found switch
        {
            [] => throw NoSuchKey(run),
            [var only] => only.RunId,
            _ => throw new CliException(ExitCode.Refused, string.Join('\n', found.Select(Exactly)
                .Prepend($"'{run}' are {found.Count} runs; name one by its id, or with --match and --round:"))),
        };

        static string Exactly(RunLine run) =>
            $"  {run.RunId}  --match {Shell.Quote(run.MatchId)} --round {Shell.Quote(run.Round)}  {run.Status}";
    }

    /// <summary>The id of a run by the two parts of its key.</summary>
    public async Task<string> ResolveAsync(string match, string round, CancellationToken cancellationToken) =>
        (await FindAsync(match, round, cancellationToken))?.RunId ?? throw NoSuchKey($"{match}/{round}");

    public void Dispose() => _http.Dispose();

    /// <summary>A part of a path, which is one name and leads nowhere else.</summary>
    public static string Segment(string name) => name is "." or ".."
        ? throw CliException.Usage($"'{name}' is not a name.")
        : Uri.EscapeDataString(name);

    /// <summary>One parameter of a query; nothing when it has no value.</summary>
    public static string Parameter(string name, string? value) =>
        value is null ? "" : $"&{name}={Uri.EscapeDataString(value)}";

    /// <summary>Counts how long the server is silent, from now on.</summary>
    public CancellationTokenSource BeginSilence(TimeSpan more = default) => new(Patience + more, _time);

    public NoAnswerException Silent(TimeSpan limit) => Unreachable(
        $"nothing arrived within {Show.Span(limit)}", null);

    public NoAnswerException Unreachable(string why, Exception? e) => new(
        why,
        $"The server at {Address} does not answer: {why}. Start it, or say where it is with --server or " +
        "AGENTGRID_SERVER.", e);

    private static CliException NoSuchKey(string key) =>
        new(ExitCode.Refused, $"There is no run with the key '{key}' (any more).");

    private async Task<RunLine?> FindAsync(string match, string round, CancellationToken cancellationToken)
    {
        if (RunKey.Problem("match_id", match) is not null || RunKey.Problem("round", round) is not null)
        {
            return null;
        }
        var found = await RunPageAsync(
            Parameter("match_id", match) + Parameter("round", round), 1, null, cancellationToken);
        return found.To<RunLines>()!.Runs is [var line] ? line : null;
    }

    /// <param name="wait">How long the server may be silent beyond the patience, because it was asked to wait.</param>
    /// <param name="isAnswer">Which answers are no refusal, though their status is not one of success.</param>
    private async Task<Json> SendAsync(
        HttpMethod method, string path, Json? body, TimeSpan wait, string? key, Func<HttpResponseMessage, bool>? isAnswer,
        CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path);
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        }
        if (body is not null)
        {
            request.Content = new ReadOnlyMemoryContent(body.Utf8);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }
        using var bytes = new MemoryStream();
        await AskAsync(request, wait, isAnswer, bytes, cancellationToken);
        try
        {
            var answer = Json.Parse(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
            HasAnswered = true;
            return answer;
        }
        catch (JsonException e)
        {
            throw new CliException(
                ExitCode.Unreachable, $"What answers at {Address} is not Agent Grid: its answer is not JSON.", e);
        }
    }

    /// <param name="target">Gets the answer.</param>
    /// <inheritdoc cref="SendAsync" path="/param"/>
    private async Task AskAsync(
        HttpRequestMessage request, TimeSpan wait, Func<HttpResponseMessage, bool>? isAnswer, Stream target,
        CancellationToken cancellationToken)
    {
        using var silence = BeginSilence(wait);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (!response.IsSuccessStatusCode && isAnswer?.Invoke(response) != true)
            {
                using var refusal = new MemoryStream();
                await ReadAsync(response.Content, silence, refusal, either.Token);
                throw Refusal(response, refusal.ToArray());
            }
            await ReadAsync(response.Content, silence, target, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Silent(Patience + wait);
        }
        catch (Exception e) when (e is HttpRequestException or HttpIOException)
        {
            throw Unreachable(e.Message.TrimEnd('.'), e);
        }
    }

    private async Task ReadAsync(
        HttpContent content, CancellationTokenSource silence, Stream target, CancellationToken cancellationToken)
    {
        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[64 * 1024];
        for (int read; (read = await stream.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            silence.CancelAfter(Patience);
        }
    }

    private static string? TypeOf(HttpResponseMessage response) => response.Content.Headers.ContentType?.MediaType;

    private Exception Refusal(HttpResponseMessage response, byte[] bytes)
    {
        var isProblem = TypeOf(response) == "application/problem+json";
        if (!isProblem || Json.Parse(bytes).To<Problem>() is not { } problem)
        {
            var status = ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
            var why = $"{Address} answered {status} without saying why";
            // A proxy says so of a server that is not there.
            return response.StatusCode >= HttpStatusCode.InternalServerError
                ? new NoAnswerException(why, $"{why}.")
                : new CliException(ExitCode.Refused, $"{why}.");
        }
        return new ProblemException(problem with
        {
            RetryAfter = (int?)response.Headers.RetryAfter?.Delta?.TotalSeconds,
        });
    }
}
