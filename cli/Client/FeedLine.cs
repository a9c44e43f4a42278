using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Feed;

namespace AgentGrid.Cli.Client;

/// <summary>One event of the feed.</summary>
/// <param name="RunId">Null of what is said about the feed itself, as are the key's parts.</param>
internal sealed record FeedLine(
    long Seq, DateTimeOffset Time, string? RunId, string? MatchId, string? Round, string Stage, string? Step,
    string? Agent, int? Attempt, JsonElement Meta)
{
    /// <summary>
    /// What was seen before is none of the server's events (any more); they follow from the number of this one, which is
    /// of no run.
    /// </summary>
    public bool IsReset => Stage == Stages.Reset;

    /// <summary>The event as the server sent it.</summary>
    public Json Raw { get; private init; } = Json.Null;

    // The stages of steps and agents contain a colon, those of runs do not.
    public bool EndsRun => Stage is Stages.Completed or Stages.Error or Stages.Cancelled;

    /// <summary>It may come after the end of its run: the same was posted again.</summary>
    public bool IsSkipped => Stage == Stages.Skipped;

    public static FeedLine Of(Json json) => json.To<FeedLine>()! with { Raw = json };

    public string? Text(string name) =>
        Meta.ValueKind == JsonValueKind.Object && Meta.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
