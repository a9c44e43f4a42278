using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using AgentGrid.Cluster.Tests.Histories;

namespace AgentGrid.Cluster.Tests.Partitions;

/// <summary>
/// Clients that post runs and command them, and keep what they were answered. A third of the runs waits for a signal that
/// two clients send at once, a third is cancelled while it runs, and most of these are retried.
/// </summary>
internal sealed class Traffic(Uri api, string name, int seed) : IDisposable
{
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromSeconds(30);
    private readonly HttpClient _client = new() { Timeout = LongestAnswer, BaseAddress = api };
    private readonly ConcurrentQueue<Post> _posts = [];
    private readonly ConcurrentQueue<Command> _commands = [];
    private readonly ConcurrentQueue<string> _wrong = [];
    private readonly ConcurrentDictionary<string, string> _accepted = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<Task> _commanding = [];
    private readonly CancellationTokenSource _enough = new();
    private Task _posting = Task.CompletedTask;
    private int _posted;
    private int _refused;

    public IReadOnlyCollection<Post> Posts => _posts;
    public IReadOnlyCollection<Command> Commands => _commands;

    /// <summary>Answers that no caller must be given.</summary>
    public IReadOnlyCollection<string> Wrong => _wrong;

    public int Refused => _refused;

    /// <summary>Runs by their key.</summary>
    public IReadOnlyDictionary<string, string> Accepted => _accepted;

    public void Start(int clients) => _posting = Task.WhenAll(Enumerable.Range(0, clients).Select(PostOnAsync));

    /// <summary>Ends the posting; what was not accepted yet is posted until it is.</summary>
    public async Task EnoughAsync()
    {
        await _enough.CancelAsync();
        await _posting;
        await Task.WhenAll(_commanding);
    }

    public async Task<string?> StatusAsync(string run)
    {
        var (code, text) = await AskUntilAnsweredAsync(HttpMethod.Get, $"api/v1/runs/{run}");
        return code == HttpStatusCode.OK ? JsonElement.Parse(text).GetProperty("status").GetString() : null;
    }

    /// <summary>What a step of a run has for its output, as agents write it down; null for none.</summary>
    public async Task<string?> OutputAsync(string run, string step)
    {
        var (code, text) = await AskUntilAnsweredAsync(HttpMethod.Get, $"api/v1/runs/{run}/steps/{step}/output");
        if (code != HttpStatusCode.OK)
        {
            return null;
        }
        var output = JsonElement.Parse(text);
        return output.ValueKind == JsonValueKind.Object ? $"{output.GetProperty("token")}" : $"{output}";
    }

    public void Dispose()
    {
        _client.Dispose();
        _enough.Dispose();
    }

    private async Task PostOnAsync(int client)
    {
        var random = new Random(HashCode.Combine(seed, client));
        while (!_enough.IsCancellationRequested)
        {
            var number = Interlocked.Increment(ref _posted);
            var match = $"{name}-{number.ToString(CultureInfo.InvariantCulture)}";
            if (await PostAsync(match, Body(match, number, random)) is { } run)
            {
                _commanding.Add(CommandAsync(run, number, random.Next()));
            }
            await Task.Delay(random.Next(200, 700));
        }
    }

    // The same request until it was accepted, by two clients at once now and then.
    private async Task<string?> PostAsync(string match, string body)
    {
        using var limit = new CancellationTokenSource(Limits.Patience);
        while (!limit.IsCancellationRequested)
        {
            var runs = await Task.WhenAll(PostOnceAsync(match, body), PostOnceAsync(match, body));
            if (runs.FirstOrDefault(r => r is not null) is { } run)
            {
                return run;
            }
            await Task.Delay(500);
        }
        _wrong.Enqueue($"{match} was not accepted within {Limits.Patience}");
        return null;
    }

    private async Task<string?> PostOnceAsync(string match, string body)
    {
        var (code, text) = await AskAsync(HttpMethod.Post, "api/v1/orchestrate", body);
        string? run = null;
        if (code is HttpStatusCode.Accepted or HttpStatusCode.OK)
        {
            run = JsonElement.Parse(text).GetProperty("run_id").GetString()!;
            _accepted[match] = run;
        }
        else if (code is HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests)
        {
            Interlocked.Increment(ref _refused);
        }
        else if (code is not null)
        {
            _wrong.Enqueue($"{match}: {(int)code} {text}");
        }
        _posts.Enqueue(new Post($"{match}/1", run));
        return run;
    }

    private async Task CommandAsync(string run, int number, int seedOfRun)
    {
        var random = new Random(seedOfRun);
        await Task.Delay(random.Next(50, 900));
        switch (number % 3)
        {
            case 1:
                await Task.WhenAll(SignalAsync(run, "left"), SignalAsync(run, "right"), ReadAsync(run));
                break;
            case 2:
                await Task.WhenAll(SendAsync(run, CommandKind.Cancel), ReadAsync(run));
                await ReadAsync(run);
                if (random.Next(3) > 0)
                {
                    await Task.WhenAll(SendAsync(run, CommandKind.Retry), SendAsync(run, CommandKind.Cancel), ReadAsync(run));
                    await SendAsync(run, CommandKind.Retry);
                    await ReadAsync(run);
                }
                break;
            default:
                await ReadAsync(run);
                break;
        }
    }

    // Until it was taken, or refused: the run waits for it. Sent with one key, all of it is one signal.
    private async Task SignalAsync(string run, string value)
    {
        using var limit = new CancellationTokenSource(Limits.Patience);
        var begin = Stopwatch.GetTimestamp();
        while (!limit.IsCancellationRequested)
        {
            var sent = await AskForAsync(run, CommandKind.Signal, value);
            if (sent.Answer != CommandAnswer.Unknown)
            {
                _commands.Enqueue(sent with { Begin = begin });
                return;
            }
            await Task.Delay(500);
        }
        _commands.Enqueue(new Command(run, CommandKind.Signal, value, begin, History.Never, CommandAnswer.Unknown));
        _wrong.Enqueue($"the signal {value} of {run} was not answered within {Limits.Patience}");
    }

    private Task<CommandAnswer> ReadAsync(string run) => SendAsync(run, CommandKind.Read);

    private async Task<CommandAnswer> SendAsync(string run, CommandKind kind)
    {
        var sent = await AskForAsync(run, kind, null);
        _commands.Enqueue(sent);
        return sent.Answer;
    }

    private async Task<Command> AskForAsync(string run, CommandKind kind, string? value)
    {
        var path = $"api/v1/runs/{run}";
        var begin = Stopwatch.GetTimestamp();
        var (code, text) = kind switch
        {
            CommandKind.Read => await AskAsync(HttpMethod.Get, path),
            CommandKind.Signal => await AskAsync(HttpMethod.Post, $"{path}/signals/go", $"\"{value}\"", key: $"{run}-{value}"),
            CommandKind.Cancel => await AskAsync(HttpMethod.Post, $"{path}/cancel"),
            _ => await AskAsync(HttpMethod.Post, $"{path}/retry"),
        };
        var end = Stopwatch.GetTimestamp();
        var answer = AnswerOf(code, text, kind);
        if (code is not null && answer == CommandAnswer.Unknown && code != HttpStatusCode.ServiceUnavailable)
        {
            _wrong.Enqueue($"{kind} of {run}: {(int)code} {text}");
        }
        return new Command(
            run, kind, answer == CommandAnswer.Read ? StatusIn(text) : value, begin,
            answer == CommandAnswer.Unknown ? History.Never : end, answer);
    }

    private static CommandAnswer AnswerOf(HttpStatusCode? code, string text, CommandKind kind) => (code, kind) switch
    {
        (HttpStatusCode.OK, CommandKind.Read) => CommandAnswer.Read,
        (HttpStatusCode.OK or HttpStatusCode.Accepted, not CommandKind.Read) =>
            JsonElement.Parse(text).GetProperty("changed").GetBoolean() ? CommandAnswer.Changed : CommandAnswer.Unchanged,
        (HttpStatusCode.Conflict, CommandKind.Signal) when text.Contains("AG1208", StringComparison.Ordinal) => CommandAnswer.Ended,
        (HttpStatusCode.Conflict, _) => CommandAnswer.Refused,
        _ => CommandAnswer.Unknown,
    };

    private static string StatusIn(string run) => JsonElement.Parse(run).GetProperty("status").GetString() switch
    {
        "queued" or "running" => "active",
        var status => status!,
    };

    private async Task<(HttpStatusCode? Code, string Text)> AskUntilAnsweredAsync(HttpMethod method, string path)
    {
        (HttpStatusCode? Code, string Text) answer = default;
        await Limits.UntilAsync(
            async () =>
            {
                answer = await AskAsync(method, path);
                return answer.Code is not null and not HttpStatusCode.ServiceUnavailable;
            },
            () => $"{method} {path}: {answer}");
        return answer;
    }

    private async Task<(HttpStatusCode? Code, string Text)> AskAsync(
        HttpMethod method, string path, string? body = null, string? key = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }
        try
        {
            using var response = await _client.SendAsync(request);
            return (response.StatusCode, await response.Content.ReadAsStringAsync());
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException)
        {
            return (null, e.Message); // whether it was heard is not known
        }
    }

    private static string Body(string match, int number, Random random)
    {
        var wait = number % 3 == 1 ? """ "wait": {"wait": {"signal": "go", "timeout": "10m"}}, """ : "";
        var last = number % 3 == 1 ? """["g", "wait"]""" : """["g"]""";
        return $$$"""
            {
              "match_id": "{{{match}}}", "round": "1",
              "plan": {"timeout": "5m", "steps": { {{{wait}}}
                "a": {"agent": "recorded", "input": {"ms": {{{random.Next(20, 900)}}} } },
                "g": {"agent": "recorded_gpu", "input": {"ms": {{{random.Next(20, 600)}}} }, "needs": ["a"]},
                "z": {"agent": "recorded", "input": {"ms": {{{random.Next(20, 300)}}} }, "needs": {{{last}}}}
              }}
            }
            """;
    }
}
