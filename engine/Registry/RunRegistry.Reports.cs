using AgentGrid.Core;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;

namespace AgentGrid.Engine.Registry;

// What runs are told by those who work beside them: also when they have ended, and are driven no longer.
public sealed partial class RunRegistry
{
    // How many are not kept yet.
    private int _reports;

    /// <summary>Has what became of an agent kept that was told to stop. When that cannot be, its receipt says less.</summary>
    public async Task ReportStopAsync(RunId run, RunInput.ReportStop stop)
    {
        lock (_gate)
        {
            _reports++;
        }
        try
        {
            // Nobody waits for one of an attempt that goes on by what is kept.
            await ReportAsync(
                run, stop, state => state[stop.Step].Attempts[stop.Attempt - 1],
                attempt => attempt.Receipt is not { } receipt || receipt.Knows(stop.Stop));
        }
        catch (OperationCanceledException) when (host.Stopping.IsCancellationRequested)
        {
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            host.ReportFailed(run, e);
        }
        finally
        {
            lock (_gate)
            {
                _reports--;
            }
        }
        if (IsEmpty)
        {
            host.BecameEmpty();
        }
    }

    private void ReportStop(RunId run, RunInput.ReportStop stop) => _ = ReportStopAsync(run, stop);

    /// <summary>Has something kept that a run is told from beside it, whether or not it has ended.</summary>
    /// <param name="asItIs">What it is about.</param>
    /// <param name="isKnown">There is nothing to tell any more.</param>
    /// <returns>What it is about, as it is kept then; null when the run is not there any more.</returns>
    private async Task<T?> ReportAsync<T>(RunId run, RunInput input, Func<RunState, T> asItIs, Func<T, bool> isKnown)
        where T : class
    {
        while (true)
        {
            if (Holder(run) is { } driver)
            {
                if (await driver.Admitted is AdmitOutcome.Kept && await driver.AskAsync(input) is null)
                {
                    return await driver.LookAsync(asItIs);
                }
                if (driver.IsStopping)
                {
                    await driver.Over;
                }
            }
            if (await host.ReplayAsync(run) is not { } kept)
            {
                return null;
            }
            if (asItIs(kept) is var about && isKnown(about))
            {
                return about;
            }
            if (Holder(run) is not null)
            {
                // It knows less than is kept, because another has driven the run, and will find that out.
                await platform.Wait(Task.Delay(s_pauseAfterFailure, time, host.Stopping));
            }
            else if (!kept.Status.IsEnded())
            {
                Resume(kept, await host.LastOutageAsync());
            }
            else if (host.Drive(kept, RunOrigin.Ended) is var ended && TryAdd(ended))
            {
                if (await ended.HearAsync(input) is null)
                {
                    return await ended.LookAsync(asItIs);
                }
                await ended.Over;
            }
            await HeldAsync(kept, CancellationToken.None);
        }
    }
}
