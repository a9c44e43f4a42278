using AgentGrid.Core;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Children;
using AgentGrid.Engine.Store;

namespace AgentGrid.Engine.Registry;

public sealed partial class RunRegistry
{
    /// <summary>Waits until the end of a run is durable, and sees to it that it is driven until then.</summary>
    /// <param name="atMost">How long it is waited for.</param>
    /// <returns>Null when it goes on.</returns>
    public async ValueTask<ChildEnd?> WaitForEndAsync(RunId run, TimeSpan atMost)
    {
        if (Holder(run) is { } driver)
        {
            try
            {
                await (atMost == Timeout.InfiniteTimeSpan ? driver.Over : driver.Over.WaitAsync(atMost, time));
            }
            catch (TimeoutException)
            {
                return null;
            }
        }
        RunState? state;
        try
        {
            state = await host.ReplayAsync(run);
        }
        catch (DamageException e)
        {
            return new ChildEnd(RunStatus.Failed, null, new RunError(ErrorKind.Error, ErrorCodes.ChildRefused, e.Message, Retryable: false), null);
        }
        if (ChildEnd.Of(state) is { } end)
        {
            return end;
        }
        Resume(state!, await host.LastOutageAsync());
        return null;
    }

    /// <summary>Whether an attempt is open, by what is durable.</summary>
    public async ValueTask<bool> IsOpenAsync(RunId run, string step, int attempt)
    {
        bool IsOpen(RunState? state) => state is not null && state.Plan.TryIndexOf(step, out var index)
            && state.Steps[index].Attempts.ElementAtOrDefault(attempt - 1)?.Status.IsOpen() == true;
        // A driver may be ahead of what is durable. Often it is not, and needs no replay.
        return (Find(run) is { } driver && await driver.LookAsync(IsOpen)) || IsOpen(await host.ReplayAsync(run));
    }

    /// <summary>
    /// Cancels the children among the runs that are driven here for which nobody waits any more: their parents have told them so at once,
    /// unless the process of these has ended just then.
    /// </summary>
    public async Task CancelOrphansAsync(IChildRunHost children)
    {
        foreach (var driver in Drivers)
        {
            if (driver.IsAdmitted && driver.Parent is { } parent && await children.IsWantedAsync(parent) == false)
            {
                driver.Post(new RunInput.CancelRun($"step '{parent.Step}' of run {parent.Run} no longer waits for it"));
            }
        }
    }
}
