using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Embedded.Runs;
using AgentGrid.Engine.Store;
using AgentGrid.Engine.Telemetry;

namespace AgentGrid.Embedded;

public sealed partial class EmbeddedGrid
{
    public async ValueTask<SubmitResult> SubmitAsync(SubmitRun submit, CancellationToken cancellationToken = default)
    {
        if (Unavailable() is { } unavailable)
        {
            return new SubmitResult.Unavailable(unavailable);
        }
        var engine = Engine;
        if (engine.Find(submit.Key) is null && engine.Places.Refusal(submit.Tenant) is { } refusal
            && engine.Reader.Find(submit.Key) is null)
        {
            // Before any work on the plan and the input.
            return new SubmitResult.Overloaded(refusal.RetryAfter, refusal.Reason);
        }
        var plan = Submission.PlanOf(submit, _config.Current, out var problems);
        if (plan is null)
        {
            return new SubmitResult.Invalid(problems);
        }
        while (true)
        {
            if (engine.Find(submit.Key) is { } existing)
            {
                switch (await existing.Accepted.WaitAsync(cancellationToken).ConfigureAwait(false))
                {
                    case WriteOutcome.Durable when Answer(existing, submit, plan) is { } answer:
                        return answer;
                    case WriteOutcome.Failed:
                        return new SubmitResult.Unavailable(Unavailable() ?? "The run could not be kept; try again.");
                    default:
                        break; // it has just ended, or the key is another run's, one that has ended
                }
                if (engine.Find(submit.Key) == existing)
                {
                    engine.OnEnded(existing);
                }
                if (await AnswerFromJournalAsync(engine, submit, plan).ConfigureAwait(false) is { } kept)
                {
                    return kept;
                }
                continue;
            }
            if (engine.Places.TryEnter(submit.Tenant) is { } full)
            {
                return await AnswerFromJournalAsync(engine, submit, plan).ConfigureAwait(false)
                    ?? new SubmitResult.Overloaded(full.RetryAfter, full.Reason);
            }
            var run = Prepare(engine, submit, plan, out var accepted);
            if (engine.Claim(run) != run)
            {
                engine.Places.Leave(submit.Tenant, ended: false);
                continue;
            }
            Append(engine, run, accepted, plan);
            // Not cancelled with the client: what has been appended becomes a run, whether or not anybody waits.
            switch (await run.Accepted.ConfigureAwait(false))
            {
                case WriteOutcome.Durable:
                    return new SubmitResult.Accepted(run.Summary);
                case WriteOutcome.Failed:
                    return new SubmitResult.Unavailable(Unavailable() ?? "The run could not be kept; try again.");
                default:
                    if (await AnswerFromJournalAsync(engine, submit, plan).ConfigureAwait(false) is { } answer)
                    {
                        return answer;
                    }
                    break; // retention has just removed the run that had the key
            }
        }
    }

    private EmbeddedRun Prepare(EmbeddedEngine engine, SubmitRun submit, Plan plan, out RunEvent.RunAccepted accepted)
    {
        var now = _time.GetUtcNow();
        accepted = new RunEvent.RunAccepted(
            RunId.From(Platform.NewId(now)), submit.Key.MatchId, submit.Key.Round, plan.Name, plan.Version,
            submit.Input, Platform.NewSeed(), submit.Priority, submit.Tenant, submit.TraceParent)
        {
            Time = now,
            Inline = submit.InlinePlan is not null,
        };
        var state = RunMachine.Evolve(new RunState(plan), accepted);
        return new EmbeddedRun(engine, new RunRef(accepted.RunId, submit.Key), state);
    }

    private static void Append(EmbeddedEngine engine, EmbeddedRun run, RunEvent.RunAccepted accepted, Plan plan) =>
        engine.Journal.Append(new AppendEvents(run.Ref, 0, [accepted])
        {
            Accept = plan,
            Completed = outcome =>
            {
                if (outcome == WriteOutcome.Durable)
                {
                    GridMetrics.RecordAccepted();
                    run.Driver.Begin();
                }
                else
                {
                    engine.OnEnded(run);
                }
                run.Accept(outcome);
            },
        });

    /// <summary>Answers for the run that is driven for the key; null when it has ended meanwhile.</summary>
    private static SubmitResult? Answer(EmbeddedRun run, SubmitRun submit, Plan plan)
    {
        if (Submission.Differences(run.Summary, run.Driver.Input, submit, plan) is { IsEmpty: false } differences)
        {
            return new SubmitResult.Conflict(run.Summary, differences);
        }
        if (!run.Driver.Post(RunInput.SkipSubmission.Instance))
        {
            return null;
        }
        GridMetrics.RecordReplayed();
        return new SubmitResult.Replayed(run.Summary);
    }

    /// <summary>Answers for the run that has the key, when it has ended; null when none has (any more).</summary>
    private async Task<SubmitResult?> AnswerFromJournalAsync(EmbeddedEngine engine, SubmitRun submit, Plan plan)
    {
        if (engine.Reader.Find(submit.Key) is not { } row
            || await engine.Store.ReplayAsync(row.Ref.Id).ConfigureAwait(false) is not { } state
            || !state.Status.IsEnded())
        {
            return null;
        }
        if (Submission.Differences(row.Summary, state.Input, submit, plan) is { IsEmpty: false } differences)
        {
            return new SubmitResult.Conflict(row.Summary, differences);
        }
        GridMetrics.RecordReplayed();
        if (!state.WasPostedAgain)
        {
            // Of those that come at once, the first is kept.
            RunEvent[] skipped = [new RunEvent.SubmissionSkipped { Time = _time.GetUtcNow() }];
            engine.Journal.Append(new AppendEvents(row.Ref, state.Version, skipped, RunDetailsBuilder.Summarize(state)));
        }
        return new SubmitResult.Replayed(row.Summary);
    }
}
