using AgentGrid.Core;
using AgentGrid.Core.Documents;
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
        if (submit.Parent is null && !Has(submit.Key) && host.WhyFull(submit.Tenant) is { } full && await host.ReplayAsync(submit.Key) is null)
        {
            // Before any work on the plan and the input.
            return new SubmitResult.Overloaded(full.RetryAfter, full.Reason);
        }
        var asked = Submission.PlanOf(submit, host.Config);
        while (!asked.IsUnreadable)
        {
            var result = Holder(submit.Key) is { } holder ? await AnswerAsync(holder, submit, asked, cancellationToken)
                : asked.Problems.IsEmpty ? await BeginAsync(submit, asked)
                : await AnswerFromStoreAsync(submit, asked) ?? new SubmitResult.Invalid(asked.Problems);
            if (result is SubmitResult.Conflict conflict && submit.OnConflict != OnConflict.Fail)
            {
                result = submit.OnConflict == OnConflict.UseExisting
                    ? Replayed(conflict.Run)
                    : await SupersedeAsync(conflict.Run, submit, asked);
            }
            if (result is not null)
            {
                return result;
            }
        }
        return new SubmitResult.Invalid(asked.Problems);
    }

    /// <summary>Has a new run accepted, unless its key is taken.</summary>
    /// <param name="before">The run that has given its key up for this one; null for none.</param>
    /// <returns>Null when somebody else was faster, and nobody has the key by now.</returns>
    private async ValueTask<SubmitResult?> BeginAsync(SubmitRun submit, PlanAsked asked, RunState? before = null)
    {
        var now = time.GetUtcNow();
        if (ProblemOf(submit, asked, now, out var labels, out var group) is { } problem)
        {
            return await AnswerFromStoreAsync(submit, asked) ?? new SubmitResult.Invalid([problem]);
        }
        var accepted = Accept(submit, asked.Plan!, now) with { Labels = labels, Group = group };
        accepted = before is null ? accepted : Superseding(accepted, before);
        if (host.Values is { } values && values.IsFor(accepted.Input))
        {
            accepted = accepted with { Input = await platform.Wait(values.KeepAsync(accepted.RunId, accepted.Input).AsTask()) };
        }
        var driver = host.Drive(RunMachine.Evolve(new RunState(asked.Plan!), accepted), RunOrigin.Posted);
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
                return await AnswerFromStoreAsync(submit, asked, before?.Id)
                    ?? new SubmitResult.Overloaded(refusal.RetryAfter, refusal.Reason);
            case AdmitOutcome.InTheWay(var other) when other == before?.Id:
                await platform.Wait(Task.Delay(s_pauseForQueue, time)); // that it has ended is on its way
                return null;
            case AdmitOutcome.InTheWay(var other):
                return await AnswerFromStoreAsync(submit, asked, before?.Id) ?? new SubmitResult.GroupFull(group!, other);
            case AdmitOutcome.Unavailable(var message):
                return new SubmitResult.Unavailable(message);
            default:
                return await AnswerFromStoreAsync(submit, asked, before?.Id);
        }
    }

    /// <summary>Why a new run cannot be accepted, whoever has its key; null when it can.</summary>
    private ConfigProblem? ProblemOf(
        SubmitRun submit, PlanAsked asked, DateTimeOffset now, out Labels? labels, out RunGroup? group)
    {
        labels = Submission.LabelsOf(submit, asked.Plan!, out var badLabels);
        group = Submission.GroupOf(submit, asked.Plan!, out var badGroup);
        return Submission.StartProblem(submit, now) ?? WebhookProblem(submit, asked) ?? badLabels ?? badGroup;
    }

    private RunEvent.RunAccepted Accept(SubmitRun submit, Plan plan, DateTimeOffset now)
    {
        return new RunEvent.RunAccepted(
            submit.Parent?.ChildId ?? RunId.From(platform.NewId(now)), submit.Key.MatchId, submit.Key.Round, plan.Name, plan.Version,
            submit.Input, platform.NewSeed(), submit.Priority, submit.Tenant, submit.TraceParent)
        {
            Time = now,
            Inline = submit.InlinePlan is not null,
            ByDefault = submit is { Plan: null, InlinePlan: null },
            StartsAt = Submission.StartOf(submit, now),
            Webhooks = submit.Webhooks.IsDefaultOrEmpty ? null : submit.Webhooks,
            Parent = submit.Parent,
        };
    }

    /// <summary>Answers for the run that has the key, which is driven here, or is about to be accepted.</summary>
    /// <returns>Null when there is none any more.</returns>
    private async ValueTask<SubmitResult?> AnswerAsync(
        RunDriver holder, SubmitRun submit, PlanAsked asked, CancellationToken cancellationToken)
    {
        switch (await holder.Admitted.WaitAsync(cancellationToken))
        {
            case AdmitOutcome.Unavailable(var message):
                return new SubmitResult.Unavailable(message);
            case AdmitOutcome.Kept:
                if (holder.DifferencesTo(submit, asked) is { IsEmpty: false } differences)
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
        return await AnswerFromStoreAsync(submit, asked);
    }

    /// <summary>Answers for the run that has the key by what is kept; null when there is none.</summary>
    /// <param name="before">A run that has given the key up: it counts as none.</param>
    private async ValueTask<SubmitResult?> AnswerFromStoreAsync(SubmitRun submit, PlanAsked asked, RunId? before = null)
    {
        if (await host.ReplayAsync(submit.Key) is not { } state || state.Id == before)
        {
            return null;
        }
        var run = RunDetailsBuilder.Summarize(state);
        if (Submission.Differences(state, submit, asked) is { IsEmpty: false } differences)
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
            _ = driver.HearAsync(RunInput.SkipSubmission.Instance);
        }
        return Replayed(run);
    }

    private static SubmitResult.Replayed Replayed(RunSummary run)
    {
        GridMetrics.RecordReplayed();
        return new SubmitResult.Replayed(run);
    }
}
