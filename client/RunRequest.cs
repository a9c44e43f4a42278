using System.Text.Json.Nodes;

namespace AgentGrid.Client;

/// <summary>A request to run a plan.</summary>
/// <param name="MatchId">The first part of the run's key: what belongs together.</param>
/// <param name="Round">The second part. The same key gives the same run, however often it is submitted.</param>
public sealed record RunRequest(string MatchId, string Round)
{
    /// <summary>
    /// The input for the agents: anything that is written as a JSON object, with names in <c>snake_case</c>. Its members are posted beside
    /// <c>match_id</c> and <c>round</c>. Null for no other members.
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

    internal JsonObject ToBody()
    {
        var body = Input switch
        {
            null => [],
            _ when Wire.Node(Input) is JsonObject input => input,
            _ => throw new ArgumentException(
                $"The input of run '{MatchId}/{Round}' is not written as a JSON object, but as {Wire.Node(Input)?.GetValueKind()}."),
        };
        Set("match_id", MatchId);
        Set("round", Round);
        Set("plan", Plan is { } plan ? plan : InlinePlan?.DeepClone());
        Set("priority", Priority);
        Set("start_at", StartAt is { } time ? Wire.Node(time.ToUniversalTime()) : null);
        Set("delay", Delay is { } delay ? Wire.Milliseconds(delay) : null);
        Set("labels", Labels is null ? null : Wire.Node(Labels));
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
