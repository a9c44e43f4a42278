using System.Buffers;
using System.Text.Json;
using AgentGrid.Api.Feed;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Api.A2a;

/// <summary>
/// A task as a stream of answers to one request: the task, then an update for each of its events, and before the last one of a
/// completed task its artifact.
/// </summary>
/// <param name="output">Where it is written to.</param>
/// <param name="isNew">The run has just been accepted, and is shown from its first event.</param>
internal sealed class TaskStream(
    IAgentGrid grid, EventOutput output, Json call, RunId run, bool isNew, int? historyLength, TimeProvider time)
{
    private RunSummary _summary = null!;
    private TaskProgress _progress = new();

    /// <summary>Null when it was written to its end; why not, when nothing has been sent.</summary>
    /// <param name="mayBeOver">A task that has ended is shown, and not refused.</param>
    public async Task<RpcError?> RunAsync(bool mayBeOver, CancellationToken cancellationToken)
    {
        if (await grid.GetRunAsync(run, cancellationToken) is not { } details)
        {
            return RpcError.NoSuchTask(run.Value);
        }
        var seen = isNew || details.Summary.Status.IsEnded() ? 0 : await CatchUpAsync(details, cancellationToken);
        if (TaskStates.IsEnded(_progress.State))
        {
            details = await grid.GetRunAsync(run, cancellationToken) ?? details;
        }
        _summary = details.Summary;
        var isOver = !isNew && _summary.Status.IsEnded();
        if (isOver && !mayBeOver)
        {
            return new RpcError(RpcError.UnsupportedOperation,
                $"The task is over ({TaskStates.Of(_summary)}), so there is nothing to follow. Ask for it with GetTask.");
        }
        await using var cursor = FeedCursor.Start(grid, new FeedQuery(seen, RunId: run), time, cancellationToken);
        await output.StartAsync(cancellationToken);
        var state = isOver ? TaskStates.Of(_summary) : _progress.State;
        await SendAsync(new StreamView(TaskView.Of(details, state, historyLength)), cancellationToken);
        while (!isOver && await output.NextAsync(cursor, cancellationToken))
        {
            foreach (var e in cursor.Batch)
            {
                if (await TellAsync(e, cancellationToken))
                {
                    return null;
                }
            }
            cursor.Done();
        }
        return null;
    }

    // What was before is not told, and yet where the task stands follows from it: the feed alone says that to all readers
    // alike, and the run can be ahead of it.
    private async Task<long> CatchUpAsync(RunDetails details, CancellationToken cancellationToken)
    {
        FeedPage page;
        var seen = 0L;
        do
        {
            page = await grid.ReadEventsAsync(new FeedQuery(seen, RunId: run), cancellationToken: cancellationToken);
            foreach (var e in page.Events)
            {
                if (e.Stage is Stages.Damaged or Stages.Reset)
                {
                    _progress = new TaskProgress(details);
                }
                else
                {
                    _progress.Apply(e, TreeOf(e));
                }
            }
            seen = page.Next;
        }
        while (!page.AtEnd);
        return seen;
    }

    private static JsonElement TreeOf(FeedEvent e) => JsonElement.Parse(e.Utf8.Span, new JsonDocumentOptions { MaxDepth = 128 });

    // True after the last update.
    private async Task<bool> TellAsync(FeedEvent e, CancellationToken cancellationToken)
    {
        if (e.Stage is Stages.Damaged or Stages.Reset)
        {
            return await LookAgainAsync(cancellationToken);
        }
        var json = TreeOf(e);
        _progress.Apply(e, json);
        var state = _progress.State;
        var details = state == TaskStates.Completed || IsWait(e) ? await grid.GetRunAsync(run, cancellationToken) : null;
        var message = MessageView.Of(_summary, json.GetProperty("seq").GetRawText(), PartsOf(e, json, details));
        await UpdateAsync(
            new TaskStatusView(state, message, A2aJson.Time(e.Time)), details?.Result, new EventMetadata(Json.Trusted(e.Utf8)),
            cancellationToken);
        return TaskStates.IsEnded(state);
    }

    // Events are missing: the run itself says where it stands.
    private async Task<bool> LookAgainAsync(CancellationToken cancellationToken)
    {
        if (await grid.GetRunAsync(run, cancellationToken) is not { } details)
        {
            await output.WriteAsync(Data(RpcReply.Of(call, RpcError.NoSuchTask(run.Value))), cancellationToken);
            return true;
        }
        _progress = new TaskProgress(details);
        var state = TaskStates.Of(details.Summary);
        await UpdateAsync(TaskStatusView.Of(details, state), details.Result, null, cancellationToken);
        return TaskStates.IsEnded(state);
    }

    private async Task UpdateAsync(TaskStatusView status, Json? result, EventMetadata? why, CancellationToken cancellationToken)
    {
        var (id, context) = (run.Value, _summary.MatchId);
        if (status.State == TaskStates.Completed && result is not null)
        {
            await SendAsync(
                new StreamView(ArtifactUpdate: new ArtifactUpdateView(id, context, ArtifactView.Of(result), LastChunk: true)),
                cancellationToken);
        }
        await SendAsync(new StreamView(StatusUpdate: new StatusUpdateView(id, context, status, why)), cancellationToken);
    }

    private static bool IsWait(FeedEvent e) => e.Stage.EndsWith(":waiting", StringComparison.Ordinal);

    private static IReadOnlyList<PartView> PartsOf(FeedEvent e, JsonElement json, RunDetails? details)
    {
        if (IsWait(e))
        {
            var step = json.GetProperty("step").GetString();
            return TaskStatusView.PartsOf(details?.Steps.Where(s => s.Id == step && s.Wait is not null) ?? []);
        }
        var name = e.Stage switch
        {
            Stages.Error => "error",
            Stages.Cancelled => "reason",
            _ when e.Stage.EndsWith(":progress", StringComparison.Ordinal) => "message",
            _ => "",
        };
        return json.TryGetProperty("meta", out var meta) && meta.ValueKind == JsonValueKind.Object
            && meta.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String
            ? [PartView.Of(text.GetString()!)]
            : [];
    }

    private Task SendAsync(StreamView view, CancellationToken cancellationToken) =>
        output.WriteAsync(Data(RpcReply.Of(call, view)), cancellationToken);

    private static ReadOnlyMemory<byte> Data(RpcReply reply)
    {
        var data = new ArrayBufferWriter<byte>();
        data.Write("data: "u8);
        data.Write(A2aJson.Line(reply));
        data.Write("\n\n"u8);
        return data.WrittenMemory;
    }
}
