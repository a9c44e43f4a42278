using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;
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
        var command = new SubmitCommand
        {
            Round = submit.Key.Round,
            Input = submit.Input,
            Plan = submit.Plan,
            InlinePlan = submit.InlinePlan,
            Priority = submit.Priority,
            Tenant = submit.Tenant,
            TraceParent = submit.TraceParent,
        };
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
            // The same was posted a moment ago, by us: the answer to that was lost, and this is it.
            return reply.Outcome == SubmitOutcome.Replayed && tries > 0 && IsFresh(reply.Run!)
                ? new SubmitResult.Accepted(reply.Run!)
                : reply.ToResult();
        }
        catch (GridUnavailableException e)
        {
            return new SubmitResult.Unavailable(e.Message);
        }
    }

    public ValueTask<CommandResult> CancelAsync(
        RunId id, string reason = "cancelled by request", CancellationToken cancellationToken = default) =>
        CommandAsync(
            id, (match, _) => match.CancelAsync(new CancelCommand(id, reason)),
            (result, before) => result is CommandResult.Done done && before.Summary.Status != RunStatus.Cancelled
                ? done with { Changed = true }
                : result,
            cancellationToken);

    public ValueTask<CommandResult> RetryAsync(
        RunId id, string? fromStep = null, CancellationToken cancellationToken = default) =>
        CommandAsync(
            id, (match, _) => match.RetryAsync(new RetryCommand(id, fromStep)),
            (result, before) => result is CommandResult.Refused refused && before.Summary.Status.IsEnded()
                && !refused.Run.Status.IsEnded()
                ? new CommandResult.Done(refused.Run, Changed: true)
                : result,
            cancellationToken);

    // A command whose answer was lost is given again, and then finds its own work done: `repeated` reads the answer so.
    private async ValueTask<CommandResult> CommandAsync(
        RunId id, Func<IMatchGrain, int, Task<CommandReply>> command,
        Func<CommandResult, StoredRun, CommandResult> repeated, CancellationToken cancellationToken)
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
            var reply = await _calls.AskAsync(
                (client, madeBefore) => command(Match(client, before.Key.MatchId), tries = madeBefore),
                _times.Patience, cancellationToken).ConfigureAwait(false);
            return tries > 0 ? repeated(reply.ToResult(), before) : reply.ToResult();
        }
        catch (GridUnavailableException e)
        {
            return new CommandResult.Unavailable(e.Message);
        }
    }

    private bool IsFresh(RunSummary run) => _time.GetUtcNow() - run.AcceptedAt < 2 * _times.Patience;
}
