using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;

namespace AgentGrid.Engine.Registry;

// A run gives its key up, and then another takes it: two turns, each of one run. Between them a crash leaves a run that has ended and still
// has the key, and names the id that its successor is to have. Whoever posts next goes on from there.
public sealed partial class RunRegistry
{
    private static readonly TimeSpan s_pauseForQueue = TimeSpan.FromMilliseconds(50);

    // Between the end of a run and the acceptance of the next nothing is driven, and yet there is something to do here.
    private int _superseding;

    private async ValueTask<SubmitResult?> SupersedeAsync(RunSummary run, SubmitRun submit, PlanAsked asked)
    {
        lock (_gate)
        {
            _superseding++;
        }
        try
        {
            return await TakeKeyAsync(run, submit, asked);
        }
        finally
        {
            lock (_gate)
            {
                _superseding--;
            }
            if (IsEmpty)
            {
                host.BecameEmpty();
            }
        }
    }

    /// <summary>Has a new run accepted in the place of the one that has its key.</summary>
    /// <returns>Null when another has got the key meanwhile.</returns>
    private async ValueTask<SubmitResult?> TakeKeyAsync(RunSummary run, SubmitRun submit, PlanAsked asked)
    {
        // What is refused must not cost the run that is there.
        if (!asked.Problems.IsEmpty)
        {
            return new SubmitResult.Invalid(asked.Problems);
        }
        if (ProblemOf(submit, asked, time.GetUtcNow(), out _, out _) is { } problem)
        {
            return new SubmitResult.Invalid([problem]);
        }
        if (run.Status.IsEnded() && host.WhyFull(submit.Tenant) is { } full)
        {
            return new SubmitResult.Overloaded(full.RetryAfter, full.Reason);
        }
        if (await GiveUpKeyAsync(run.RunId) is not { } before)
        {
            return null;
        }
        var result = await BeginAsync(submit, asked, before);
        return result is SubmitResult.Conflict ? null : result; // with a third, which is superseded then
    }

    /// <summary>Sees to it that a run has ended and has given its key up.</summary>
    /// <returns>Null when it is not there any more.</returns>
    private async ValueTask<RunState?> GiveUpKeyAsync(RunId run)
    {
        var input = new RunInput.SupersedeRun(RunId.From(platform.NewId(time.GetUtcNow())));
        while (true)
        {
            if (Holder(run) is { } driver)
            {
                if (await driver.Admitted is AdmitOutcome.Kept)
                {
                    await driver.AskAsync(input);
                }
                await driver.Over;
            }
            var state = await host.ReplayAsync(run);
            if (state is null or { SupersededBy: not null })
            {
                return state;
            }
            if (!state.Status.IsEnded())
            {
                Resume(state, await host.LastOutageAsync());
            }
            else if (host.Drive(state, RunOrigin.Ended) is var ended && TryAdd(ended))
            {
                await ended.HearAsync(input);
                await ended.Over;
            }
            await HeldAsync(state, CancellationToken.None);
        }
    }

    private static RunEvent.RunAccepted Superseding(RunEvent.RunAccepted accepted, RunState before) => accepted with
    {
        RunId = before.SupersededBy!.Value,
        Supersedes = before.Id,
        Generation = before.Generation + 1,
    };
}
