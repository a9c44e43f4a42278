using System.Text.Json;
using AgentGrid.Api.Feed;
using AgentGrid.Api.Orchestrate;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Api.A2a;

/// <summary>
/// A message begins a run, or answers a step that waits. The key of the run is the context and the id of the message, so that a
/// message that is sent twice finds its task; to a step that waits the id of the message is the key of the signal.
/// </summary>
internal sealed class MessageMethods(
    IAgentGrid grid, MemoryGate memory, OverloadLog overload, Waiting waiting, TimeProvider time)
{
    /// <summary>What a message was for.</summary>
    /// <param name="IsNew">It has begun the run.</param>
    internal sealed record Addressed(RunId Run, bool IsNew);

    /// <summary><see cref="Addressed"/>, or the <see cref="RpcError"/> in its place.</summary>
    /// <param name="caller">The name of the API key; null where none is asked for.</param>
    // Not cancelled by a client that hangs up: what it has sent completely is taken.
    public Task<object> DeliverAsync(SentMessage message, string? caller, string? traceParent) =>
        message.TaskId is null ? BeginAsync(message, caller, traceParent) : AnswerAsync(message, message.TaskId, caller);

    /// <summary>Waits until the task is over, or needs an answer.</summary>
    /// <returns>The task; or that there is none any more.</returns>
    public async Task<object> WaitAsync(RunId run, SentMessage message, CancellationToken cancellationToken)
    {
        var waits = !message.ReturnImmediately && waiting.TryEnter();
        try
        {
            return waits
                ? await RestAsync(run, message.HistoryLength, cancellationToken)
                : Shown(run, await grid.GetRunAsync(run, cancellationToken), message.HistoryLength);
        }
        finally
        {
            if (waits)
            {
                waiting.Leave();
            }
        }
    }

    private static object Shown(RunId run, RunDetails? details, int? history) => details is null
        ? RpcError.NoSuchTask(run.Value)
        : new StreamView(TaskView.Of(details, history));

    private async Task<object> RestAsync(RunId run, int? history, CancellationToken cancellationToken)
    {
        // Before the run is looked at, so that nothing is missed in between.
        await using var cursor = FeedCursor.Start(grid, new FeedQuery(After: null, RunId: run), time, cancellationToken);
        while (true)
        {
            var details = await grid.GetRunAsync(run, cancellationToken);
            if (details is null || details.Summary.Status.IsEnded() || details.Summary.Waits > 0
                || !await ChangesAsync(cursor, cancellationToken))
            {
                return Shown(run, details, history);
            }
        }
    }

    // False when the engine stops.
    private static async Task<bool> ChangesAsync(FeedCursor cursor, CancellationToken cancellationToken)
    {
        while (await cursor.NextAsync().WaitAsync(cancellationToken))
        {
            var may = cursor.Batch.Any(e => e.EndsRun || e.Stage.EndsWith(":waiting", StringComparison.Ordinal));
            cursor.Done();
            if (may)
            {
                return true;
            }
        }
        return false;
    }

    private async Task<object> BeginAsync(SentMessage message, string? caller, string? traceParent)
    {
        if (MessageContent.AsInput(message.Content) is not { } input)
        {
            return RpcError.Invalid("message.parts", "A new task takes an object, or a text.");
        }
        var key = new RunKey(message.ContextId ?? message.MessageId, message.MessageId);
        using var room = memory.Enter();
        var result = room.TryRun(input.Length)
            ? await grid.SubmitAsync(new SubmitRun(key, input, message.Skill, Tenant: caller, TraceParent: traceParent))
            : MemoryGate.Refusal;
        switch (result)
        {
            case SubmitResult.Accepted(var run):
                return new Addressed(run.RunId, IsNew: true);
            case SubmitResult.Replayed(var run):
                return new Addressed(run.RunId, IsNew: false);
            default:
                if (result is SubmitResult.Overloaded overloaded)
                {
                    overload.Refused(caller, overloaded.Message);
                }
                return RpcError.Of(result);
        }
    }

    private async Task<object> AnswerAsync(SentMessage message, string task, string? caller)
    {
        if (!RunId.TryParse(task, out var id) || await grid.GetRunAsync(id) is not { } run)
        {
            return RpcError.NoSuchTask(task);
        }
        if (message.ContextId is { } context && context != run.Summary.MatchId)
        {
            return RpcError.Invalid("message.contextId", $"The task belongs to another context, '{run.Summary.MatchId}'.");
        }
        var (signal, error) = SignalOf(run, message, caller);
        return signal is null ? error!
            : await grid.CommandAsync(id, signal) switch
            {
                CommandResult.Done => new Addressed(id, IsNew: false),
                var refused => RpcError.Of(refused, task),
            };
    }

    private static (RunCommand.Signal? Signal, RpcError? Error) SignalOf(RunDetails run, SentMessage message, string? caller)
    {
        (RunCommand.Signal?, RpcError?) To(string name, bool isDecision = false) =>
            (new RunCommand.Signal(name, message.Content, caller, message.MessageId, isDecision), null);
        // Sent again, it must not answer what the run has come to ask since.
        if (run.Signals.FirstOrDefault(s => s.Key == message.MessageId) is { } before)
        {
            return To(before.Name);
        }
        if (run.Summary.Status.IsEnded())
        {
            return (null, new RpcError(RpcError.UnsupportedOperation,
                $"The task is over ({TaskStates.Of(run.Summary)}), and takes no more messages. Send one without 'taskId' for a new task."));
        }
        var open = run.Steps.Where(s => s.Wait is not null && (message.Step is not { } named || s.Id == named || s.Wait.Signal == named))
            .DistinctBy(static s => s.Wait!.Signal).ToArray();
        return open switch
        {
            [var step] => To(step.Wait!.Signal, step.Wait.Approval is not null),
            [] when message.Step is { } early => To(early),
            [] => (null, new RpcError(RpcError.UnsupportedOperation, "The task is not waiting for anything that a message could answer.")),
            _ => (null, RpcError.Invalid(MessageReader.StepField,
                $"Several steps wait; name one: {string.Join(", ", open.Select(static s => $"'{s.Id}'"))}.")),
        };
    }
}
