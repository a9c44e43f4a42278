using System.Buffers;
using System.Globalization;
using System.Text.Json;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Feed;

/// <summary>Turns events into what feeds show. Keeps its buffers, so it serves one thread at a time.</summary>
public sealed class FeedWriter
{
    /// <summary>Outputs and results up to this many bytes are shown in feeds; of larger ones only the size.</summary>
    public const int MaxInlineBytes = 1_024;

    private readonly ArrayBufferWriter<byte> _buffer = new(1_024);
    private readonly Utf8JsonWriter _writer;

    public FeedWriter() => _writer = new Utf8JsonWriter(_buffer, new JsonWriterOptions { SkipValidation = true });

    public FeedEvent Write(long seq, RunId runId, RunKey key, RunEvent e) => Unnumbered(runId, key, e).Number(seq);

    /// <summary>All of an event but its number.</summary>
    public FeedEvent Unnumbered(RunId runId, RunKey key, RunEvent e)
    {
        var stage = Stages.Of(e);
        Begin(runId, key, stage, e.Time);
        WriteWho(e);
        _writer.WriteStartObject("meta"u8);
        WriteMeta(runId, e);
        var endsRun = e is RunEvent.RunCompleted or RunEvent.RunFailed or RunEvent.RunCancelled;
        return End(runId, key, stage, e.Time, endsRun);
    }

    /// <summary>
    /// What stands in a feed in the place of events that cannot be read any more. It counts as one that may end the run:
    /// who waits for that is to look at the run.
    /// </summary>
    /// <param name="seq">The number of the last event that is missing.</param>
    /// <param name="first">The number of the first one.</param>
    /// <param name="key">With empty parts where it is not known.</param>
    /// <param name="now">When it was found.</param>
    /// <param name="error">What is damaged, and the remedy.</param>
    public FeedEvent Damaged(long seq, long first, RunId runId, RunKey key, DateTimeOffset now, string error)
    {
        Begin(runId, key, Stages.Damaged, now);
        _writer.WriteStartObject("meta"u8);
        _writer.WriteNumber("first_missing"u8, first);
        _writer.WriteNumber("last_missing"u8, seq);
        _writer.WriteString("error"u8, error);
        return End(runId, key, Stages.Damaged, now, endsRun: true).Number(seq);
    }

    /// <summary>
    /// What a reader is told whose number is none of these data. It counts as one that may end the run: who waits for
    /// that is to look at the run, which may be gone.
    /// </summary>
    /// <param name="seq">The number after which it is read on; its own, so that readers who keep it go on rightly.</param>
    /// <param name="asked">The number that the reader has seen.</param>
    /// <param name="last">The number of the newest event.</param>
    public FeedEvent Reset(long seq, long asked, long last, DateTimeOffset now)
    {
        Begin(now);
        _writer.WriteString("stage"u8, Stages.Reset);
        _writer.WriteStartObject("meta"u8);
        _writer.WriteNumber("after"u8, asked);
        _writer.WriteNumber("last_seq"u8, last);
        _writer.WriteString("message"u8, string.Create(
            CultureInfo.InvariantCulture,
            $"There is no event {asked} (any more): the newest is {last}. The feed continues after event {seq}."));
        return End(default, new RunKey("", ""), Stages.Reset, now, endsRun: true).Number(seq);
    }

    private void Begin(DateTimeOffset time)
    {
        _buffer.ResetWrittenCount();
        _buffer.Advance(FeedEvent.RoomForNumber);
        _writer.Reset();
        _writer.WriteStartObject();
        _writer.WriteString("time"u8, time);
    }

    private void Begin(RunId runId, RunKey key, string stage, DateTimeOffset time)
    {
        Begin(time);
        _writer.WriteString("run_id"u8, runId.Value);
        _writer.WriteString("match_id"u8, key.MatchId);
        _writer.WriteString("round"u8, key.Round);
        _writer.WriteString("stage"u8, stage);
    }

    private FeedEvent End(RunId runId, RunKey key, string stage, DateTimeOffset time, bool endsRun)
    {
        _writer.WriteEndObject();
        _writer.WriteEndObject();
        _writer.Flush();
        var buffer = _buffer.WrittenSpan.ToArray();
        // Values are as they came, with whatever whitespace stands between their tokens; in streams an event is one line.
        buffer.AsSpan().Replace((byte)'\n', (byte)' ');
        buffer.AsSpan().Replace((byte)'\r', (byte)' ');
        return FeedEvent.Unnumbered(runId, key.MatchId, stage, time, endsRun, buffer);
    }

    private void WriteWho(RunEvent e)
    {
        switch (e)
        {
            case RunEvent.AttemptQueued x: Who(x.Step, x.Agent, x.Attempt); break;
            case RunEvent.AttemptStarted x: Who(x.Step, x.Agent, x.Attempt); break;
            case RunEvent.AttemptProgressed x: Who(x.Step, x.Agent, x.Attempt); break;
            case RunEvent.AttemptSucceeded x: Who(x.Step, x.Agent, x.Attempt); break;
            case RunEvent.AttemptFailed x: Who(x.Step, x.Agent, x.Attempt); break;
            case RunEvent.AttemptLost x: Who(x.Step, x.Agent, x.Attempt); break;
            case RunEvent.AttemptCancelled x: Who(x.Step, x.Agent, x.Attempt); break;
            case RunEvent.AttemptStopped x: Who(x.Step, x.Agent, x.Attempt); break;
            case RunEvent.StepFannedOut x: _writer.WriteString("step"u8, x.Step); break;
            case RunEvent.StepWaiting x: _writer.WriteString("step"u8, x.Step); break;
            case RunEvent.StepReminded x: _writer.WriteString("step"u8, x.Step); break;
            case RunEvent.SignalReceived { Step: { } taker }: _writer.WriteString("step"u8, taker); break;
            case RunEvent.StepCompleted x: _writer.WriteString("step"u8, x.Step); break;
            case RunEvent.StepFailed x: _writer.WriteString("step"u8, x.Step); break;
            case RunEvent.StepSkipped x: _writer.WriteString("step"u8, x.Step); break;
            default: break; // an event of the run as a whole
        }
    }

    private void Who(string step, string agent, int attempt)
    {
        _writer.WriteString("step"u8, step);
        _writer.WriteString("agent"u8, agent);
        _writer.WriteNumber("attempt"u8, attempt);
    }

    private void WriteMeta(RunId runId, RunEvent e)
    {
        switch (e)
        {
            case RunEvent.RunAccepted x: MetaOf(x); break;
            case RunEvent.RunStarted x: _writer.WriteString("deadline"u8, x.Deadline); break;
            case RunEvent.RunResumed x: MetaOf(x); break;
            case RunEvent.StepFannedOut x: MetaOf(x); break;
            case RunEvent.AttemptQueued x: MetaOf(x); break;
            case RunEvent.AttemptStarted x: MetaOf(runId, x); break;
            case RunEvent.AttemptProgressed x: MetaOf(x); break;
            case RunEvent.AttemptSucceeded x: Value("output"u8, "output_bytes"u8, x.Output); WriteTokens(x.Tokens); break;
            case RunEvent.AttemptFailed x: MetaOf(x); WriteTokens(x.Tokens); break;
            case RunEvent.AttemptLost x: MetaOf(x); break;
            case RunEvent.AttemptCancelled x: MetaOf(x); break;
            case RunEvent.AttemptStopped x: MetaOf(x); break;
            case RunEvent.StepWaiting x: MetaOf(x); break;
            case RunEvent.StepReminded x: _writer.WriteString("signal"u8, x.Signal); break;
            case RunEvent.SignalReceived x: MetaOf(x); break;
            case RunEvent.StepCompleted x: _writer.WriteNumber("successes"u8, x.Winners.Length); break;
            case RunEvent.StepFailed x: MetaOf(x); break;
            case RunEvent.StepSkipped x: _writer.WriteString("reason"u8, x.Reason); break;
            case RunEvent.RunCompleted x: MetaOf(x); break;
            case RunEvent.RunFailed x: Error(x.Error); break;
            case RunEvent.WebhookDelivered x: _writer.WriteNumber("delivery"u8, x.Delivery); break;
            case RunEvent.WebhookFailed x: MetaOf(x); break;
            case RunEvent.RunSuperseded x: _writer.WriteString("by"u8, x.By.Value); break;
            case RunEvent.RunCancelled x: _writer.WriteString("reason"u8, x.Reason); break;
            default: break; // the stage says it all
        }
    }

    private void MetaOf(RunEvent.RunAccepted e)
    {
        _writer.WriteString("plan"u8, e.PlanName);
        _writer.WriteString("plan_version"u8, e.PlanVersion);
        if (e.Supersedes is { } superseded)
        {
            _writer.WriteString("supersedes"u8, superseded.Value);
        }
        if (e.StartsAt is { } start)
        {
            _writer.WriteString("starts_at"u8, start);
        }
        if (e.Parent is { } parent)
        {
            _writer.WriteStartObject("parent"u8);
            _writer.WriteString("run"u8, parent.Run.Value);
            _writer.WriteString("step"u8, parent.Step);
            _writer.WriteNumber("attempt"u8, parent.Attempt);
            _writer.WriteEndObject();
        }
    }

    private void MetaOf(RunEvent.RunResumed e)
    {
        _writer.WriteString("since"u8, e.Since);
        _writer.WriteString("deadline"u8, e.Deadline);
    }

    private void MetaOf(RunEvent.StepFannedOut e)
    {
        _writer.WriteNumber("branches"u8, e.Branches);
        _writer.WriteNumber("required"u8, e.Required);
        if (!e.Agents.IsDefaultOrEmpty)
        {
            _writer.WriteStartArray("agents"u8);
            foreach (var agent in e.Agents)
            {
                _writer.WriteStringValue(agent);
            }
            _writer.WriteEndArray();
        }
    }

    private void MetaOf(RunId runId, RunEvent.AttemptStarted e)
    {
        if (PlanCalls.Is(e.Agent))
        {
            _writer.WriteString("run"u8, new ParentRun(runId, e.Step, e.Attempt, 0, e.Time).ChildId.Value);
        }
        else
        {
            _writer.WriteString("node"u8, e.Node);
        }
        if (e.Decision is not null)
        {
            _writer.WriteString("why"u8, e.Decision.Why);
        }
        if (e.Hedge is { } hedge)
        {
            _writer.WriteStartObject("hedge"u8);
            if (hedge.At is { } at)
            {
                _writer.WriteString("at"u8, at);
            }
            _writer.WriteString("why"u8, hedge.Why);
            _writer.WriteEndObject();
        }
    }

    private void WriteTokens(long? tokens)
    {
        if (tokens is { } used)
        {
            _writer.WriteNumber("tokens"u8, used);
        }
    }

    private void MetaOf(RunEvent.AttemptQueued e)
    {
        _writer.WriteString("why"u8, e.Decision.Why);
        if (e.IsHedge)
        {
            _writer.WriteBoolean("is_hedge"u8, true);
        }
    }

    private void MetaOf(RunEvent.AttemptCancelled e)
    {
        _writer.WriteString("reason"u8, e.Reason);
        if (e.IsRefusedHedge)
        {
            _writer.WriteBoolean("is_refused_hedge"u8, true);
        }
    }

    private void MetaOf(RunEvent.AttemptStopped e)
    {
        if (e.Stop.HasStopped)
        {
            _writer.WriteBoolean("acknowledged"u8, e.Stop.Acknowledged);
        }
        _writer.WriteNumber("seconds"u8, e.Stop.Seconds);
        if (e.Stop.GpuSeconds is { } gpu)
        {
            _writer.WriteNumber("gpu_seconds"u8, gpu);
        }
    }

    private void MetaOf(RunEvent.AttemptProgressed e)
    {
        _writer.WriteNumber("fraction"u8, e.Fraction);
        if (e.Message is not null)
        {
            _writer.WriteString("message"u8, e.Message);
        }
    }

    private void MetaOf(RunEvent.AttemptFailed e)
    {
        Error(e.Error);
        if (e.RetryAt is { } retryAt)
        {
            _writer.WriteString("retry_at"u8, retryAt);
        }
    }

    private void MetaOf(RunEvent.AttemptLost e)
    {
        _writer.WriteString("node"u8, e.Node);
        _writer.WriteString("reason"u8, e.Reason);
    }

    private void MetaOf(RunEvent.StepWaiting e)
    {
        _writer.WriteString("signal"u8, e.Signal);
        _writer.WriteString("deadline"u8, e.Deadline);
    }

    private void MetaOf(RunEvent.SignalReceived e)
    {
        if (e.By is not null)
        {
            _writer.WriteString("by"u8, e.By);
        }
        Value("data"u8, "data_bytes"u8, e.Data);
    }

    private void MetaOf(RunEvent.StepFailed e)
    {
        Error(e.Error);
        if (e.Tolerated)
        {
            _writer.WriteBoolean("tolerated"u8, true);
        }
    }

    // What a plan declares as its result is the meta itself: meta.frames.
    private void MetaOf(RunEvent.RunCompleted e)
    {
        if (e.Result.Length > MaxInlineBytes)
        {
            _writer.WriteNumber("result_bytes"u8, e.Result.Length);
            return;
        }
        foreach (var member in e.Result.Element.EnumerateObject())
        {
            member.WriteTo(_writer);
        }
    }

    private void MetaOf(RunEvent.WebhookFailed e)
    {
        _writer.WriteNumber("delivery"u8, e.Delivery);
        _writer.WriteString("error"u8, e.Error);
        if (e.NextTryAt is { } next)
        {
            _writer.WriteString("next_try_at"u8, next);
        }
    }

    private void Value(ReadOnlySpan<byte> name, ReadOnlySpan<byte> sizeName, Json value)
    {
        // Of an event that is read again nobody has said where the value is; and it is to be the same event.
        if (value.Length > MaxInlineBytes || value.Storage is not null)
        {
            _writer.WriteNumber(sizeName, value.Length);
            return;
        }
        _writer.WritePropertyName(name);
        value.WriteTo(_writer);
    }

    private void Error(RunError error)
    {
        _writer.WriteString("code"u8, error.Code);
        _writer.WriteString("error"u8, error.Message);
    }
}
