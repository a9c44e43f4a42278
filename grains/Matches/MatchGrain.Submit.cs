using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine;
using AgentGrid.Engine.Store;
using AgentGrid.Engine.Telemetry;
using AgentGrid.GrainInterfaces.Matches;

namespace AgentGrid.Grains.Matches;

internal sealed partial class MatchGrain
{
    public async Task<SubmitReply> SubmitAsync(SubmitCommand command)
    {
        // One at a time for a round: the others find what the first has made.
        while (_submitting.TryGetValue(command.Round, out var other))
        {
            await other;
        }
        var turn = new TaskCompletionSource();
        _submitting.Add(command.Round, turn.Task);
        try
        {
            var result = await SubmitAsync(new SubmitRun(
                new RunKey(MatchId, command.Round), command.Input, command.Plan, command.InlinePlan, command.Priority,
                command.Tenant, command.TraceParent));
            if (result is SubmitResult.Replayed)
            {
                GridMetrics.RecordReplayed();
            }
            return SubmitReply.Of(result);
        }
        catch (Exception e) when (Transient.Is(e))
        {
            return SubmitReply.Of(new SubmitResult.Unavailable(
                $"Run '{MatchId}/{command.Round}' could not be kept, because Redis or the cluster does not answer " +
                $"({e.Message}). Post it again: the same key starts one run, however often it is posted."));
        }
        catch (DamageException e)
        {
            engine.Log.Report(e);
            return SubmitReply.Of(new SubmitResult.Unavailable(
                $"'{MatchId}/{command.Round}' is a run that cannot be read, so that nothing else can be posted there. " +
                e.Message));
        }
        finally
        {
            _submitting.Remove(command.Round);
            turn.SetResult();
        }
    }

    private async Task<SubmitResult> SubmitAsync(SubmitRun submit)
    {
        var plan = Submission.PlanOf(submit, engine.Node.Config.Current, out var problems);
        if (plan is null)
        {
            return new SubmitResult.Invalid(problems);
        }
        while (true)
        {
            if (_byRound.TryGetValue(submit.Key.Round, out var driver))
            {
                if (Submission.Differences(driver.Summary, driver.Input, submit, plan) is { IsEmpty: false } differences)
                {
                    return new SubmitResult.Conflict(driver.Summary, differences);
                }
                if (!driver.Summary.Status.IsEnded())
                {
                    if (driver.Post(RunInput.SkipSubmission.Instance))
                    {
                        return new SubmitResult.Replayed(driver.Summary);
                    }
                }
                await driver.Over;
            }
            var accepted = Accepted(submit, plan);
            switch (await engine.Log.AcceptAsync(accepted, plan, engine.MaxRuns))
            {
                case AcceptOutcome.Kept:
                    return Begin(accepted, plan);
                case AcceptOutcome.Full full:
                    return new SubmitResult.Overloaded(full.RetryAfter, full.Reason);
                // The answer to an earlier attempt of this very acceptance was lost on the way.
                case AcceptOutcome.KeyTaken taken when taken.RunId == accepted.RunId:
                    return Begin(accepted, plan);
                case AcceptOutcome.KeyTaken when await AnswerFromLogAsync(submit, plan) is { } answer:
                    return answer;
                default:
                    break; // retention has just removed the run that had the key
            }
        }
    }

    private RunEvent.RunAccepted Accepted(SubmitRun submit, Plan plan)
    {
        var now = engine.Time.GetUtcNow();
        return new RunEvent.RunAccepted(
            RunId.From(Platform.Process.NewId(now)), submit.Key.MatchId, submit.Key.Round, plan.Name, plan.Version,
            submit.Input, Platform.Process.NewSeed(), submit.Priority, submit.Tenant, submit.TraceParent)
        {
            Time = now,
            Inline = submit.InlinePlan is not null,
        };
    }

    private SubmitResult.Accepted Begin(RunEvent.RunAccepted accepted, Plan plan)
    {
        GridMetrics.RecordAccepted();
        var driver = Drive(RunMachine.Evolve(new RunState(plan), accepted));
        driver.Begin();
        return new SubmitResult.Accepted(driver.Summary);
    }

    // The key's run is not driven here: it has ended, or nobody drives it yet.
    private async Task<SubmitResult?> AnswerFromLogAsync(SubmitRun submit, Plan plan)
    {
        // Asked by the key: that a key has a run that is not there is damage, and not the work of retention.
        while (await engine.Log.FindAsync(submit.Key) is { Summary.RunId: var id } stored
            && await engine.Log.ReplayAsync(id) is { } state)
        {
            if (Submission.Differences(stored.Summary, state.Input, submit, plan) is { IsEmpty: false } differences)
            {
                return new SubmitResult.Conflict(stored.Summary, differences);
            }
            if (!state.Status.IsEnded())
            {
                await ResumeAsync(id, submit.Key.Round);
                if (_byRound.TryGetValue(submit.Key.Round, out var driver))
                {
                    driver.Post(RunInput.SkipSubmission.Instance);
                }
                return new SubmitResult.Replayed(stored.Summary);
            }
            if (state.WasPostedAgain)
            {
                return new SubmitResult.Replayed(stored.Summary);
            }
            var skipped = new RunEvent.SubmissionSkipped { Time = engine.Time.GetUtcNow() };
            if (await engine.Log.AppendAsync(id, state.Version, [skipped], stored.Summary) is AppendOutcome.Kept)
            {
                return new SubmitResult.Replayed(stored.Summary);
            }
        }
        return null;
    }
}
