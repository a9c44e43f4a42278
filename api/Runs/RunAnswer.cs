using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Runs;

namespace AgentGrid.Api.Runs;

/// <summary>
/// The short answer to a post or a command: 202 for a run that has been set going, 200 for one that was there.
/// </summary>
/// <remarks>The type describes the answer; what is sent is written by hand.</remarks>
public sealed record RunAnswer(
    RunId RunId, RunStatus Status, string MatchId, string Round, string Plan, string PlanVersion, bool Replayed,
    RunLinks Links, DateTimeOffset? StartsAt = null, RunId? Supersedes = null)
{
    // Links contain '&', which needs no escaping in JSON that no HTML page embeds.
    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

    internal static void Write(HttpResponse response, RunSummary run, bool replayed)
    {
        var buffer = _buffer ??= new ArrayBufferWriter<byte>(1024);
        var json = _writer ??= new Utf8JsonWriter(buffer, WriterOptions);
        buffer.ResetWrittenCount();
        json.Reset(buffer);
        var links = RunLinks.Of(run.RunId);
        Write(json, run, replayed, links);
        response.StatusCode = replayed ? StatusCodes.Status200OK : StatusCodes.Status202Accepted;
        response.Headers.Location = links.Self;
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = buffer.WrittenCount;
        response.BodyWriter.Write(buffer.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, RunSummary run, bool replayed, RunLinks links)
    {
        json.WriteStartObject();
        json.WriteString("run_id"u8, run.RunId.Value);
        json.WriteString("status"u8, Word(run.Status));
        json.WriteString("match_id"u8, run.MatchId);
        json.WriteString("round"u8, run.Round);
        json.WriteString("plan"u8, run.Plan);
        json.WriteString("plan_version"u8, run.PlanVersion);
        if (run.StartsAt is { } time)
        {
            json.WriteString("starts_at"u8, time);
        }
        if (run.Supersedes is { } superseded)
        {
            json.WriteString("supersedes"u8, superseded.Value);
        }
        json.WriteBoolean("replayed"u8, replayed);
        json.WriteStartObject("links"u8);
        json.WriteString("self"u8, links.Self);
        json.WriteString("events"u8, links.Events);
        json.WriteString("cancel"u8, links.Cancel);
        json.WriteString("retry"u8, links.Retry);
        json.WriteString("ws"u8, links.Ws);
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
    }

    private static string Word(RunStatus status) => status switch
    {
        RunStatus.Scheduled => "scheduled",
        RunStatus.Queued => "queued",
        RunStatus.Running => "running",
        RunStatus.Completed => "completed",
        RunStatus.Failed => "failed",
        RunStatus.Cancelled => "cancelled",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "Not the status of a run."),
    };
}
