using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;

namespace AgentGrid.Engine.Registry;

public sealed partial class RunRegistry
{
    /// <summary>Asks something of a run. Returns after the answer is durable.</summary>
    public ValueTask<CommandResult> CommandAsync(
        RunId run, RunCommand command, CancellationToken cancellationToken = default) => command switch
        {
            RunCommand.Cancel(var reason) => CancelAsync(run, reason, cancellationToken),
            RunCommand.Retry(var fromStep) => RetryAsync(run, fromStep, cancellationToken),
            RunCommand.Signal signal => SignalAsync(run, signal, cancellationToken),
            _ => throw new ArgumentOutOfRangeException(nameof(command), command.GetType(), "unknown command"),
        };

    private async ValueTask<CommandResult> CancelAsync(
        RunId run, string reason, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (Holder(run) is { } driver)
            {
                if (await driver.Admitted.WaitAsync(cancellationToken) is AdmitOutcome.Kept
                    && await driver.AskAsync(new RunInput.CancelRun(reason)).WaitAsync(cancellationToken) is null)
                {
                    return new CommandResult.Done(driver.Summary, Changed: true);
                }
                await driver.Over.WaitAsync(cancellationToken);
            }
            if (await host.ReplayAsync(run) is not { } state)
            {
                return new CommandResult.NotFound();
            }
            var summary = RunDetailsBuilder.Summarize(state);
            if (summary.Status.IsEnded())
            {
                return summary.Status == RunStatus.Cancelled
                    ? new CommandResult.Done(summary, Changed: false)
                    : Refusals.NotCancellable(summary);
            }
            // Nobody drives it here: an answer was lost, or it was handed over just now.
            Resume(state, await host.LastOutageAsync());
            await HeldAsync(state, cancellationToken);
        }
    }

    private async ValueTask<CommandResult> RetryAsync(
        RunId run, string? fromStep, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (Holder(run) is { } active)
            {
                if (await active.Admitted.WaitAsync(cancellationToken) is AdmitOutcome.Kept
                    && !active.Summary.Status.IsEnded())
                {
                    return Refusals.NotRetryable(active.Summary);
                }
                await active.Over.WaitAsync(cancellationToken);
            }
            if (await host.ReplayAsync(run) is not { } state)
            {
                return new CommandResult.NotFound();
            }
            var before = RunDetailsBuilder.Summarize(state);
            if (before.Status.IsEnded() && fromStep is not null && !state.Plan.TryIndexOf(fromStep, out _))
            {
                return Refusals.UnknownStep(before, state.Plan, fromStep);
            }
            if (state.SupersededBy is { } other)
            {
                return Refusals.NotRetryable(before, other);
            }
            if (before.Status.IsEnded() && state.Parent is { } parent)
            {
                return Refusals.NotRetryable(before, parent);
            }
            var retry = RunMachine.Decide(
                state, new RunInput.RetryRun(fromStep), time.GetUtcNow(), NoAgents.Instance, RunLimits.Default);
            if (retry.Ignored is not null)
            {
                return Refusals.NotRetryable(before);
            }
            var driver = host.Drive(state, RunOrigin.Retried);
            if (!TryAdd(driver))
            {
                await HeldAsync(state, cancellationToken);
                continue;
            }
            driver.Admit([.. retry.Events]);
            switch (await driver.Admitted)
            {
                case AdmitOutcome.Kept: return new CommandResult.Done(driver.Summary, Changed: true);
                case AdmitOutcome.Gone: return new CommandResult.NotFound();
                case AdmitOutcome.Full(var refusal): return new CommandResult.Overloaded(refusal.RetryAfter, refusal.Reason);
                case AdmitOutcome.Unavailable(var message): return new CommandResult.Unavailable(message);
                default: break; // somebody else has changed it meanwhile
            }
        }
    }

    // Whoever posts the key of a run holds it until the store has said that it is taken. And a driver may have it that knows less than
    // is kept: another has ended its run, and the key has gone to the next. It would find that out with its next turn, which can take long.
    private async ValueTask HeldAsync(RunState kept, CancellationToken cancellationToken)
    {
        if (Holder(kept.Key) is not { } holder)
        {
            return;
        }
        if (await holder.Admitted.WaitAsync(cancellationToken) is not AdmitOutcome.Kept)
        {
            await holder.Over.WaitAsync(cancellationToken);
        }
        else if (holder.Id != kept.Id && await host.ReplayAsync(kept.Id) is { SupersededBy: null })
        {
            await holder.StopAsync().WaitAsync(cancellationToken);
        }
    }

    // A retry asks no agent: that comes when it is the run's turn.
    private sealed class NoAgents : IRoutingView
    {
        public static readonly NoAgents Instance = new();

        public IReadOnlyList<AgentLoad> Offering(ImmutableArray<string> capabilities) => [];

        public AgentLoad? Named(string agent) => null;

        public string? TryReserve(string agent, string step, int attempt) => null;
    }
}
