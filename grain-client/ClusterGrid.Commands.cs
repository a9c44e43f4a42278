using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.GrainInterfaces.Matches;

namespace AgentGrid.GrainClient;

public sealed partial class ClusterGrid
{
    private const string NotRunning = "The client of the cluster is not running: it starts, or it is being shut down.";

    public async ValueTask<SubmitResult> SubmitAsync(SubmitRun submit, CancellationToken cancellationToken = default)
    {
        if (!_running)
        {
            return new SubmitResult.Unavailable(NotRunning);
        }
        var command = SubmitCommand.Of(submit);
        try
        {
            var tries = 0;
            var reply = await _calls.AskAsync(
                (client, before) =>
                {
                    tries = before;
                    return Match(client, submit.Key.MatchId).SubmitAsync(command);
                },
                _times.Patience, cancellationToken).ConfigureAwait(false);
            var result = reply.To<SubmitResult>()!;
            // The same was posted a moment ago, by us: the answer to that was lost, and this is it.
            return result is SubmitResult.Replayed(var run) && tries > 0 && IsFresh(run)
                ? new SubmitResult.Accepted(run)
                : result;
        }
        catch (GridUnavailableException e)
        {
            return new SubmitResult.Unavailable(e.Message);
        }
    }

    public async ValueTask<CommandResult> CommandAsync(
        RunId id, RunCommand command, CancellationToken cancellationToken = default)
    {
        if (!_running)
        {
            return new CommandResult.Unavailable(NotRunning);
        }
        try
        {
            if (await ReadAsync(() => _log.FindAsync(id), cancellationToken).ConfigureAwait(false) is not { } before)
            {
                return new CommandResult.NotFound();
            }
            var tries = 0;
            // With a key of its own a signal can be sent again, and is taken once.
            var isNew = command is RunCommand.Signal { Key: null };
            var json = Json.From(isNew ? (RunCommand.Signal)command with { Key = Guid.NewGuid().ToString("N") } : command);
            var reply = await _calls.AskAsync(
                (client, madeBefore) =>
                {
                    tries = madeBefore;
                    return Match(client, before.Key.MatchId).CommandAsync(id, json);
                },
                _times.Patience, cancellationToken).ConfigureAwait(false);
            var result = reply.To<CommandResult>()!;
            return isNew && result is CommandResult.Done taken ? taken with { Changed = true }
                : tries > 0 && command is not RunCommand.Signal ? Repeated(result, before.Summary.Status)
                : result;
        }
        catch (GridUnavailableException e)
        {
            return new CommandResult.Unavailable(e.Message);
        }
    }

    // A command whose answer was lost is given again, and then may find its own work done.
    private static CommandResult Repeated(CommandResult result, RunStatus before) => result switch
    {
        CommandResult.Done { Run.Status: RunStatus.Cancelled } done when before != RunStatus.Cancelled =>
            done with { Changed = true },
        CommandResult.Refused refused when before.IsEnded() && !refused.Run.Status.IsEnded() =>
            new CommandResult.Done(refused.Run, Changed: true),
        _ => result,
    };

    private bool IsFresh(RunSummary run) => _time.GetUtcNow() - run.AcceptedAt < 2 * _times.Patience;
}
