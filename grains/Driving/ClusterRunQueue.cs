using System.Collections.Concurrent;
using AgentGrid.Core;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;
using AgentGrid.GrainInterfaces.Dispatch;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Grains.Driving;

/// <summary>The places that the dispatcher gives to the runs that are driven at once, over the whole cluster.</summary>
internal sealed partial class ClusterRunQueue(ClusterEngine engine) : IRunQueue
{
    private readonly ConcurrentDictionary<RunDriver, bool> _entering = new();

    public void Enter(RunDriver run)
    {
        if (_entering.TryAdd(run, true))
        {
            _ = engine.Attend(run, EnterAsync(run));
        }
    }

    // The dispatcher finds it in the run log.
    public void Reenter(RunDriver run)
    {
    }

    public void Return(RunDriver run) => _ = engine.Attend(run, ReturnAsync(run));

    public void StepAside(RunDriver run) => _ = engine.Attend(run, run.Group is null
        ? engine.LeaveAsync(run.Id, run.Key)
        : engine.TellAsync(run.Key, dispatcher => dispatcher.StepAsideAsync(run.Id.Value)));

    public void Leave(RunDriver run) => _ = engine.Attend(run, LeaveAsync(run));

    public void Reserve(RunDriver run, Action<AdmitOutcome?> reserved) => _ = engine.Attend(run, ReserveAsync(run, reserved));

    private async Task ReserveAsync(RunDriver run, Action<AdmitOutcome?> reserved)
    {
        AdmitOutcome? outcome;
        try
        {
            outcome = await engine.Dispatcher.ReserveRunAsync(RequestOf(run)) is { } other
                ? new AdmitOutcome.InTheWay(RunId.Parse(other))
                : null;
        }
        catch (Exception e) when (Transient.Is(e))
        {
            LogUnanswered(engine.Logger, e, run.Key.ToString());
            await LeaveAsync(run); // it may have been counted
            outcome = new AdmitOutcome.Unavailable(
                $"Run '{run.Key}' is counted with others of its plan, and the dispatcher, which counts them, does not answer now. Post it again.");
        }
        reserved(outcome);
    }

    // The same child may have been accepted by somebody else: then it counts on, and otherwise it is forgotten in a while.
    private Task LeaveAsync(RunDriver run) => run is { Parent: not null, IsAdmitted: false }
        ? Task.CompletedTask
        : engine.LeaveAsync(run.Id, run.Key, run.Group?.Since);

    private static PlaceRequest RequestOf(RunDriver run) => new(
        run.Id.Value, run.Priority, run.Tenant, run.Group is not { } group ? null
            : new PlaceGroup(run.Key.MatchId, group.Group, group.Max, (int)group.Policy, group.Since));

    // It goes on whatever the dispatcher says, which finds it in the run log as well.
    private async Task ReturnAsync(RunDriver run)
    {
        try
        {
            await engine.Dispatcher.EnterRunAsync(RequestOf(run));
        }
        catch (Exception e) when (Transient.Is(e))
        {
            LogUnanswered(engine.Logger, e, run.Key.ToString());
        }
    }

    private async Task EnterAsync(RunDriver run)
    {
        try
        {
            while (run.IsQueued)
            {
                try
                {
                    var request = RequestOf(run);
                    if (!await engine.Dispatcher.EnterRunAsync(request) || run.Group?.Since != request.Group?.Since)
                    {
                        continue;
                    }
                    if (run.IsStopping && run.Summary.Status.IsEnded())
                    {
                        // It may have been asked for after it was given back: calls overtake each other.
                        await LeaveAsync(run);
                    }
                    else
                    {
                        run.Post(new RunInput.StartRun(request.Group?.Since));
                    }
                    return;
                }
                catch (Exception e) when (Transient.Is(e))
                {
                    LogUnanswered(engine.Logger, e, run.Key.ToString());
                    await Task.Delay(ClusterEngine.Pause, engine.Time);
                }
            }
        }
        finally
        {
            _entering.TryRemove(run, out _);
        }
    }

    [LoggerMessage(704, LogLevel.Debug, "Run '{Run}': the dispatcher does not answer; asking again")]
    private static partial void LogUnanswered(ILogger logger, Exception exception, string run);
}
