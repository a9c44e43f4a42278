using System.Text.Json;

namespace AgentGrid.TestKit;

/// <summary>An event as a follower of the feed has seen it.</summary>
/// <param name="Node">Of an attempt's start or loss; else null.</param>
/// <param name="Json">The whole, for messages.</param>
public sealed record Seen(
    long Seq, DateTimeOffset Time, string Run, string Stage, string? Step, int? Attempt, string? Node, string Json)
{
    public bool EndsRun => Stage is "completed" or "error" or "cancelled";
    public bool IsStart => Stage.EndsWith(":start", StringComparison.Ordinal);
    public bool IsLoss => Stage.EndsWith(":lost", StringComparison.Ordinal);

    /// <summary>It records how an attempt ended.</summary>
    public bool EndsAttempt =>
        Attempt is not null && Stage.Split(':')[^1] is "succeeded" or "error" or "timeout" or "cancelled";

    /// <summary>It records a step's result.</summary>
    public bool EndsStep => Stage.EndsWith(":done", StringComparison.Ordinal);

    public static Seen Of(ReadOnlySpan<byte> utf8)
    {
        var e = JsonElement.Parse(utf8);
        return new Seen(
            e.GetProperty("seq").GetInt64(), e.GetProperty("time").GetDateTimeOffset(),
            e.GetProperty("run_id").GetString()!, e.GetProperty("stage").GetString()!,
            e.TryGetProperty("step", out var step) ? step.GetString() : null,
            e.TryGetProperty("attempt", out var attempt) ? attempt.GetInt32() : null,
            e.TryGetProperty("meta", out var meta) && meta.TryGetProperty("node", out var node) ? node.GetString() : null,
            e.ToString());
    }
}
