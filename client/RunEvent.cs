using System.Text.Json;
using System.Text.Json.Serialization;

namespace AgentGrid.Client;

/// <summary>Something that happened in a run.</summary>
/// <param name="Seq">Its number. Continue reading after it, and you miss nothing.</param>
/// <param name="Stage">What happened, in the words of the feed: <c>perception:done</c>.</param>
/// <param name="Step">The step; null if the event is about the run.</param>
/// <param name="Attempt">The number of the attempt; null if the event is about the step or the run.</param>
/// <param name="Meta">The rest, an object.</param>
public sealed record RunEvent(
    long Seq, string Stage, DateTimeOffset Time = default, string? RunId = null, string? Step = null, string? Agent = null,
    int? Attempt = null, JsonElement? Meta = null)
{
    /// <summary>The event as the server sent it.</summary>
    [JsonIgnore]
    public JsonElement Json { get; internal init; }
}
