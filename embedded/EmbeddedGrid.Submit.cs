using AgentGrid.Core;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Embedded.Runs;
using AgentGrid.Runtime.Telemetry;

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
                    case WriteOutcome.Durable:
                        return await AnswerAsync(existing, submit, plan, cancellationToken).ConfigureAwait(false);
                    case WriteOutcome.Failed:
                        return new SubmitResult.Unavailable(Unavailable() ?? "The run could not be kept; try again.");
                    default:
                        break; // the key is another run's, one that has ended
                }
                if (engine.Find(submit.Key) == existing)
                {
                    engine.OnEnded(existing);
                }
                if (AnswerFromJournal(engine, submit, plan) is { } answer)
                {
                    return answer;
                }
                continue;
            }
            if (engine.Places.TryEnter(submit.Tenant) is { } full)
            {
                return AnswerFromJournal(engine, submit, plan)
                    ?? new SubmitResult.Overloaded(full.RetryAfter, full.Reason);
            }
            var actor = Prepare(engine, submit, plan, out var accepted);
            if (engine.Claim(actor) != actor)
            {
                engine.Places.Leave(submit.Tenant, ended: false);
                continue;
            }
            Append(engine, actor, accepted, plan);
            // Not cancelled with the client: what has been appended becomes a run, whether or not anybody waits.
            switch (await actor.Accepted.ConfigureAwait(false))
            {
                case WriteOutcome.Durable:
                    return new SubmitResult.Accepted(actor.Summary);
                case WriteOutcome.Failed:
                    return new SubmitResult.Unavailable(Unavailable() ?? "The run could not be kept; try again.");
                default:
                    if (AnswerFromJournal(engine, submit, plan) is { } answer)
                    {
                        return answer;
                    }
                    break; // retention has just removed the run that had the key
            }
        }
    }

    private RunActor Prepare(Engine engine, SubmitRun submit, Plan plan, out RunEvent.RunAccepted accepted)
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
        return new RunActor(engine, new RunRef(accepted.RunId, submit.Key), state);
    }

    private static void Append(Engine engine, RunActor actor, RunEvent.RunAccepted accepted, Plan plan) =>
        engine.Journal.Append(new AppendEvents(actor.Ref, [accepted])
        {
            Accept = plan,
            Completed = outcome =>
            {
                if (outcome == WriteOutcome.Durable)
                {
                    GridMetrics.RecordAccepted();
                    actor.Begin();
                }
                else
                {
                    engine.OnEnded(actor);
                }
                actor.Accept(outcome);
            },
        });

    private static async ValueTask<SubmitResult> AnswerAsync(
        RunActor actor, SubmitRun submit, Plan plan, CancellationToken cancellationToken)
    {
        var input = await actor.LookAsync(static state => state.Input).WaitAsync(cancellationToken).ConfigureAwait(false);
        if (Submission.Differences(actor.Summary, input, submit, plan) is { IsEmpty: false } differences)
        {
            return new SubmitResult.Conflict(actor.Summary, differences);
        }
        actor.Post(RunInput.SkipSubmission.Instance);
        return new SubmitResult.Replayed(actor.Summary);
    }

    /// <summary>Answers for the run that has the key, when it has ended; null when there is none.</summary>
    private SubmitResult? AnswerFromJournal(Engine engine, SubmitRun submit, Plan plan)
    {
        if (engine.Reader.Find(submit.Key) is not { } row)
        {
            return null;
        }
        var input = engine.Reader.Replay(row).Input;
        if (Submission.Differences(row.Summary, input, submit, plan) is { IsEmpty: false } differences)
        {
            return new SubmitResult.Conflict(row.Summary, differences);
        }
        engine.Journal.Append(new AppendEvents(
            row.Ref, [new RunEvent.SubmissionSkipped { Time = _time.GetUtcNow() }]));
        return new SubmitResult.Replayed(row.Summary);
    }
}
