using System.Text.Json;
using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Runs;

/// <summary>What a delivery posts: the same text at every try.</summary>
public static class WebhookMessage
{
    /// <summary><c>{"type": "run.completed", "timestamp": ..., "data": {"run": {...}, ...}}</c></summary>
    public static Json Of(WebhookDelivery delivery) => Json.Build(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, $"run.{StepReader.WordOf(delivery.Event)}");
        writer.WriteString("timestamp"u8, delivery.At);
        writer.WriteStartObject("data"u8);
        writer.WritePropertyName("run"u8);
        WriteRun(writer, delivery.Run);
        if (delivery.Error is { } error)
        {
            writer.WritePropertyName("error"u8);
            Json.From(error).WriteTo(writer);
        }
        if (delivery.Step is { } step)
        {
            writer.WriteString("step"u8, step);
            writer.WriteString("signal"u8, delivery.Signal);
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
    });

    // As lists of the API show it. Those who need more follow the link.
    private static void WriteRun(Utf8JsonWriter writer, RunSummary run)
    {
        writer.WriteStartObject();
        writer.WriteString("run_id"u8, run.RunId.Value);
        writer.WriteString("match_id"u8, run.MatchId);
        writer.WriteString("round"u8, run.Round);
        writer.WriteString("plan"u8, run.Plan);
        writer.WriteString("plan_version"u8, run.PlanVersion);
        writer.WriteString("status"u8, StepReader.WordOf(run.Status));
        if (run.Reason is not null)
        {
            writer.WriteString("reason"u8, run.Reason);
        }
        WriteTime(writer, "accepted_at"u8, run.AcceptedAt);
        WriteTime(writer, "starts_at"u8, run.StartsAt);
        WriteTime(writer, "started_at"u8, run.StartedAt);
        WriteTime(writer, "last_started_at"u8, run.LastStartedAt);
        WriteTime(writer, "ended_at"u8, run.EndedAt);
        if (run.Duration is { } duration)
        {
            writer.WriteNumber("duration_ms"u8, duration.TotalMilliseconds);
        }
        writer.WriteNumber("waiting_attempts"u8, run.WaitingAttempts);
        writer.WriteNumber("retrying_branches"u8, run.RetryingBranches);
        writer.WriteNumber("waiting_steps"u8, run.Waits);
        writer.WriteNumber("waiting_approvals"u8, run.WaitingApprovals);
        if (run.Labels is { } labels)
        {
            writer.WritePropertyName("labels"u8);
            Json.From(labels).WriteTo(writer);
        }
        if (run.Generation is { } generation)
        {
            writer.WriteNumber("generation"u8, generation);
        }
        if (run.Supersedes is { } before)
        {
            writer.WriteString("supersedes"u8, before.Value);
        }
        if (run.SupersededBy is { } after)
        {
            writer.WriteString("superseded_by"u8, after.Value);
        }
        writer.WriteStartObject("links"u8);
        writer.WriteString("self"u8, $"/api/v1/runs/{run.RunId.Value}");
        writer.WriteString("events"u8, $"/api/v1/runs/{run.RunId.Value}/events");
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteTime(Utf8JsonWriter writer, ReadOnlySpan<byte> name, DateTimeOffset? time)
    {
        if (time is { } at)
        {
            writer.WriteString(name, at);
        }
    }
}
