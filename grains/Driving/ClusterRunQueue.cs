using System.Collections.Concurrent;
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

    public void Leave(RunDriver run) => _ = engine.Attend(run, engine.LeaveAsync(run.Id, run.Key));

    // It goes on whatever the dispatcher says, which finds it in the run log as well.
    private async Task ReturnAsync(RunDriver run)
    {
        try
        {
            await engine.Dispatcher.EnterRunAsync(new PlaceRequest(run.Id.Value, run.Priority, run.Tenant));
        }
        catch (Exception e) when (Transient.Is(e))
        {
            LogUnanswered(engine.Logger, e, run.Key.ToString());
        }
    }

    private async Task EnterAsync(RunDriver run)
    {
        var request = new PlaceRequest(run.Id.Value, run.Priority, run.Tenant);
        try
        {
            while (run.IsQueued)
            {
                try
                {
                    if (!await engine.Dispatcher.EnterRunAsync(request))
                    {
                        continue;
                    }
                    if (run.IsStopping && run.Summary.Status.IsEnded())
                    {
                        // It may have been asked for after it was given back: calls overtake each other.
                        await engine.LeaveAsync(run.Id, run.Key);
                    }
                    else
                    {
                        run.Post(RunInput.StartRun.Instance);
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

    [LoggerMessage(704, LogLevel.Debug, "Run '{Run}': the dispatcher does not answer; it is asked again")]
    private static partial void LogUnanswered(ILogger logger, Exception exception, string run);
}
