using System.Text.Json.Nodes;

namespace AgentGrid.Client;

/// <summary>A request to run a plan.</summary>
/// <param name="MatchId">The first part of the run's key: what belongs together.</param>
/// <param name="Round">The second part. The same key gives the same run, however often it is submitted.</param>
public sealed record RunRequest(string MatchId, string Round)
{
    private readonly string? _key;

    /// <summary>A request by a key that is one text.</summary>
    /// <param name="key">
    /// What is before its last slash is the first part, what is behind it the second one; without a slash that is <c>1</c>.
    /// </param>
    public RunRequest(string key)
        : this(key, "1")
    {
        _key = key;
        if (key.LastIndexOf('/') is >= 0 and var slash)
        {
            (MatchId, Round) = (key[..slash], key[(slash + 1)..]);
        }
    }

    /// <summary>
    /// What agents are given: anything that is written as a JSON object, with names in <c>snake_case</c>. Where the key was given in two
    /// parts, agents are given these beside it, as <c>match_id</c> and <c>round</c>. Null for nothing more.
    /// </summary>
    public object? Input { get; init; }

    /// <summary>The name of a plan; null for the server's default.</summary>
    public string? Plan { get; init; }

    /// <summary>A plan of its own, <c>{"steps": {...}}</c>; excludes <see cref="Plan"/>.</summary>
    public JsonObject? InlinePlan { get; init; }

    /// <summary>-100 to 100; higher is served first where attempts wait. Null for 0.</summary>
    public int? Priority { get; init; }

    /// <summary>When to start; null, or a time in the past: at once. Excludes <see cref="Delay"/>.</summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>How long from now to start, in whole milliseconds; null for at once.</summary>
    public TimeSpan? Delay { get; init; }

    /// <summary>Labels of the run, in addition to those of its plan: at most 16 names and their texts. Null for none.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>
    /// What happens where a run with another input has the key: <c>use_existing</c> answers with that run, <c>supersede</c> cancels it and
    /// starts a new one in its place. Null, as <c>fail</c>, for a <see cref="GridProblemException"/>.
    /// </summary>
    public string? OnConflict { get; init; }

    /// <summary>Who is told what becomes of the run, beside those of its plan: at most 5. Null for nobody more.</summary>
    public IReadOnlyList<RunWebhook>? Webhooks { get; init; }

    /// <summary>Where it is posted to.</summary>
    internal string Route => _key is null ? "api/v1/orchestrate" : "api/v1/runs";

    internal JsonObject ToBody()
    {
        var input = Input switch
        {
            null => [],
            _ when Wire.Node(Input) is JsonObject members => members,
            _ => throw new ArgumentException(
                $"The input of run '{MatchId}/{Round}' is not written as a JSON object, but as {Wire.Node(Input)?.GetValueKind()}."),
        };
        var body = _key is null ? input : new JsonObject { ["key"] = _key, ["input"] = input };
        if (_key is null)
        {
            Set("match_id", MatchId);
            Set("round", Round);
        }
        Set("plan", Plan is { } plan ? plan : InlinePlan?.DeepClone());
        Set("priority", Priority);
        Set("start_at", StartAt is { } time ? Wire.Node(time.ToUniversalTime()) : null);
        Set("delay", Delay is { } delay ? Wire.Milliseconds(delay) : null);
        Set("labels", Labels is null ? null : Wire.Node(Labels));
        Set("on_conflict", OnConflict);
        Set("webhooks", Webhooks is null ? null : Wire.Node(Webhooks));
        return body;

        void Set(string name, JsonNode? value)
        {
            if (value is not null)
            {
                body[name] = value;
            }
        }
    }
}
