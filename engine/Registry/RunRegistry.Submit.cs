using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Telemetry;

namespace AgentGrid.Engine.Registry;

public sealed partial class RunRegistry
{
    /// <summary>Starts the run of a key, or finds it. Returns after the run is durable.</summary>
    /// <param name="cancellationToken">
    /// Ends the wait for another that posts the same. What is under way for this one becomes a run, whether or not
    /// anybody waits.
    /// </param>
    public async ValueTask<SubmitResult> SubmitAsync(SubmitRun submit, CancellationToken cancellationToken = default)
    {
        if (!Has(submit.Key) && host.WhyFull(submit.Tenant) is { } full && await host.ReplayAsync(submit.Key) is null)
        {
            // Before any work on the plan and the input.
            return new SubmitResult.Overloaded(full.RetryAfter, full.Reason);
        }
        var plan = Submission.PlanOf(submit, host.Config, out var problems);
        if (plan is null)
        {
            return new SubmitResult.Invalid(problems);
        }
        while (true)
        {
            var result = Holder(submit.Key) is { } holder
                ? await AnswerAsync(holder, submit, plan, cancellationToken)
                : await BeginAsync(submit, plan);
            if (result is not null)
            {
                return result;
            }
        }
    }

    /// <summary>Has a new run accepted, unless its key is taken.</summary>
    /// <returns>Null when somebody else was faster, and nobody has the key by now.</returns>
    private async ValueTask<SubmitResult?> BeginAsync(SubmitRun submit, Plan plan)
    {
        var accepted = Accept(submit, plan);
        var driver = host.Drive(RunMachine.Evolve(new RunState(plan), accepted), RunOrigin.Posted);
        if (!TryAdd(driver))
        {
            return null;
        }
        driver.Admit([accepted]);
        switch (await driver.Admitted)
        {
            case AdmitOutcome.Kept:
                GridMetrics.RecordAccepted();
                return new SubmitResult.Accepted(driver.Summary);
            case AdmitOutcome.Full(var refusal):
                return await AnswerFromStoreAsync(submit, plan)
                    ?? new SubmitResult.Overloaded(refusal.RetryAfter, refusal.Reason);
            case AdmitOutcome.Unavailable(var message):
                return new SubmitResult.Unavailable(message);
            default:
                return await AnswerFromStoreAsync(submit, plan);
        }
    }

    private RunEvent.RunAccepted Accept(SubmitRun submit, Plan plan)
    {
        var now = time.GetUtcNow();
        return new RunEvent.RunAccepted(
            RunId.From(platform.NewId(now)), submit.Key.MatchId, submit.Key.Round, plan.Name, plan.Version,
            submit.Input, platform.NewSeed(), submit.Priority, submit.Tenant, submit.TraceParent)
        {
            Time = now,
            Inline = submit.InlinePlan is not null,
        };
    }

    /// <summary>Answers for the run that has the key, which is driven here, or is about to be accepted.</summary>
    /// <returns>Null when there is none any more.</returns>
    private async ValueTask<SubmitResult?> AnswerAsync(
        RunDriver holder, SubmitRun submit, Plan plan, CancellationToken cancellationToken)
    {
        switch (await holder.Admitted.WaitAsync(cancellationToken))
        {
            case AdmitOutcome.Unavailable(var message):
                return new SubmitResult.Unavailable(message);
            case AdmitOutcome.Kept:
                if (Submission.Differences(holder.Summary, holder.Input, submit, plan) is { IsEmpty: false } differences)
                {
                    return new SubmitResult.Conflict(holder.Summary, differences);
                }
                if (!holder.Summary.Status.IsEnded() && holder.Post(RunInput.SkipSubmission.Instance))
                {
                    return Replayed(holder.Summary);
                }
                break;
            default:
                break; // it is not accepted, because another has the key or there is no place
        }
        await holder.Over.WaitAsync(cancellationToken);
        return await AnswerFromStoreAsync(submit, plan);
    }

    /// <summary>Answers for the run that has the key by what is kept; null when there is none.</summary>
    private async ValueTask<SubmitResult?> AnswerFromStoreAsync(SubmitRun submit, Plan plan)
    {
        if (await host.ReplayAsync(submit.Key) is not { } state)
        {
            return null;
        }
        var run = RunDetailsBuilder.Summarize(state);
        if (Submission.Differences(run, state.Input, submit, plan) is { IsEmpty: false } differences)
        {
            return new SubmitResult.Conflict(run, differences);
        }
        if (!run.Status.IsEnded())
        {
            Resume(state, await host.LastOutageAsync());
            Find(state.Id)?.Post(RunInput.SkipSubmission.Instance);
        }
        else if (!state.WasPostedAgain && host.Drive(state, RunOrigin.Ended) is var driver && TryAdd(driver))
        {
            driver.Hear(RunInput.SkipSubmission.Instance);
        }
        return Replayed(run);
    }

    private static SubmitResult.Replayed Replayed(RunSummary run)
    {
        GridMetrics.RecordReplayed();
        return new SubmitResult.Replayed(run);
    }
}
