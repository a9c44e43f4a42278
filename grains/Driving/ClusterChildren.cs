using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Children;
using AgentGrid.Engine.Store;
using AgentGrid.GrainInterfaces.Matches;

namespace AgentGrid.Grains.Driving;

/// <summary>
/// Runs that start others ask the grains of these, on whatever silo they are. Goes on where it was called, on the scheduler of a grain.
/// </summary>
internal sealed class ClusterChildren(IGrainFactory grains, IRunStore log) : IChildRunHost
{
    public async ValueTask<SubmitResult> SubmitAsync(SubmitRun submit)
    {
        try
        {
            var reply = await Match(submit.Key.MatchId).SubmitAsync(SubmitCommand.Of(submit));
            return reply.To<SubmitResult>()!;
        }
        catch (Exception e) when (Transient.Is(e))
        {
            return new SubmitResult.Unavailable(e.Message);
        }
    }

    public async ValueTask<ChildEnd?> WaitForEndAsync(RunKey key, RunId run)
    {
        try
        {
            return await Match(key.MatchId).WaitForEndAsync(run) is { } end
                ? new ChildEnd(end.Status.To<RunStatus?>(), end.Result, end.Error?.To<RunError>(), end.Reason)
                : null;
        }
        catch (Exception e) when (Transient.Is(e))
        {
            return null;
        }
    }

    public async ValueTask<bool> CancelAsync(RunKey key, RunId run, string reason)
    {
        try
        {
            var reply = await Match(key.MatchId).CommandAsync(run, Json.From<RunCommand>(new RunCommand.Cancel(reason)));
            return reply.To<CommandResult>() is not CommandResult.Unavailable;
        }
        catch (Exception e) when (Transient.Is(e))
        {
            return false;
        }
    }

    public async ValueTask<bool?> IsWantedAsync(ParentRun parent)
    {
        try
        {
            return await log.FindAsync(parent.Run) is { Summary: { Status: var status, MatchId: var match } } && !status.IsEnded()
                && await Match(match).IsOpenAsync(parent.Run, parent.Step, parent.Attempt);
        }
        catch (Exception e) when (Transient.Is(e) || e is DamageException)
        {
            return null;
        }
    }

    private IMatchGrain Match(string matchId) => grains.GetGrain<IMatchGrain>(matchId);
}
