using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;

namespace AgentGrid.Engine.Registry;

public sealed partial class RunRegistry
{
    // The signals that are under way: whoever sends one again is answered when it is known what became of the first.
    private readonly Dictionary<(RunId Run, string Name, string Key), Task> _signals = [];

    private async ValueTask<CommandResult> SignalAsync(
        RunId run, RunCommand.Signal signal, CancellationToken cancellationToken)
    {
        // One without a key of its own has one all the same, so that it is known again when a turn is handled twice.
        var input = new RunInput.ReceiveSignal(
            signal.Name, signal.Data, signal.By, signal.Key ?? platform.NewId(time.GetUtcNow()).ToString("N"),
            signal.IsDecision);
        var id = (run, input.Name, input.Key!);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        while (Begin(id, done.Task) is { } other)
        {
            await platform.Wait(other).WaitAsync(cancellationToken);
        }
        // Goes on when nobody waits for it any more.
        return await SendAsync().AsTask().WaitAsync(cancellationToken);

        async ValueTask<CommandResult> SendAsync()
        {
            try
            {
                return await SendSignalAsync(run, input, isNew: signal.Key is null);
            }
            finally
            {
                lock (_gate)
                {
                    _signals.Remove(id);
                }
                done.SetResult();
            }
        }
    }

    /// <returns>Null when it is under way now; else what is under way, to be waited for.</returns>
    private Task? Begin((RunId Run, string Name, string Key) id, Task task)
    {
        lock (_gate)
        {
            return _signals.TryAdd(id, task) ? null : _signals[id];
        }
    }

    private async ValueTask<CommandResult> SendSignalAsync(RunId run, RunInput.ReceiveSignal input, bool isNew)
    {
        while (true)
        {
            if (Holder(run) is { } driver)
            {
                if (await driver.Admitted is AdmitOutcome.Kept
                    && await driver.LookAsync(state => SignalCheck.Of(state, input)) is { Outcome: not SignalOutcome.Ended } verdict)
                {
                    if (verdict.Outcome != SignalOutcome.Heeded)
                    {
                        return Answer(driver.Summary, verdict, isNew);
                    }
                    if (await driver.AskAsync(input) is null)
                    {
                        return new CommandResult.Done(driver.Summary, Changed: true);
                    }
                    if (!driver.IsStopping)
                    {
                        continue; // something else was faster, and the next look says what
                    }
                }
                await driver.Over;
            }
            if (await host.ReplayAsync(run) is not { } kept)
            {
                return new CommandResult.NotFound();
            }
            if (kept.Status.IsEnded())
            {
                return Answer(RunDetailsBuilder.Summarize(kept), SignalCheck.Of(kept, input), isNew);
            }
            Resume(kept, await host.LastOutageAsync());
            await HeldAsync(kept, CancellationToken.None);
        }
    }

    private static CommandResult Answer(RunSummary run, SignalVerdict verdict, bool isNew) =>
        verdict.Outcome == SignalOutcome.Repeated
            ? new CommandResult.Done(run, Changed: isNew)
            : Refusals.OfSignal(run, verdict);
}
