using System.Text;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

// What is checked, while a run goes on and when it has ended.
internal sealed partial class RunSimulation
{
    // Promise 5: capacity is held by live attempts only.
    private void CheckSlots()
    {
        var running = _state.Steps.SelectMany(s => s.Attempts.Select(a => (a.Agent, s.Id, a.Number, a.Status)))
            .Where(a => a.Status == AttemptStatus.Running && !PlanCalls.Is(a.Agent)).Select(a => (a.Agent, a.Id, a.Number)).ToHashSet();
        Check(running.SetEquals(_holding), $"slots are held by [{string.Join(' ', _holding)}], and [{string.Join(' ', running)}] run");
        Check(_state.WaitingAttempts == _state.Steps.Sum(s => s.Attempts.Count(a => a.Status == AttemptStatus.Queued)),
            $"{_state.WaitingAttempts} attempts are said to wait for a slot");
        Check(_state.RetryingBranches == _state.Steps.Where(s => s.Status == StepStatus.Running)
            .Sum(s => s.Branches.Count(b => b.Due is not null && b.AllTries > 0)),
            $"{_state.RetryingBranches} branches are said to wait for a retry");
        foreach (var (agent, used) in _routing.InUse)
        {
            Check(used == _holding.Count(h => h.Agent == agent), $"{agent} has {used} slots in use");
            Check(used <= _routing.Agents[agent].MaxConcurrency, $"{agent} has too many slots in use");
        }
    }

    // Of an item with backups one attempt succeeds, and then none of it is left; and it is left alone by none while one can still succeed.
    private void CheckItems()
    {
        foreach (var step in _state.Steps.Where(static s => s.Step is { Hedge: not null, Mode: StepMode.Each } && s.Status == StepStatus.Running))
        {
            var attempts = step.Attempts.Where(a => a.QueuedAt >= step.StartedAt).ToLookup(static a => a.Branch);
            foreach (var item in step.Branches)
            {
                var (open, backups) = (attempts[item.Index].Count(static a => a.Status.IsOpen()), attempts[item.Index].Count(static a => a.IsHedge && a.Status.IsOpen()));
                Check(backups <= step.Step.Hedge!.Max, $"item {item.Index} of {step.Id} has {backups} backups at once");
                Check(open - backups <= 1, $"item {item.Index} of {step.Id} has {open} attempts at once, {backups} of them backups");
                var isOver = item.Status is BranchStatus.Succeeded or BranchStatus.Failed;
                Check(!isOver || open == 0, $"item {item.Index} of {step.Id} is over, and {open} attempts are left");
                Check(isOver || open > 0 || item.Due is not null, $"nothing will ever happen to item {item.Index} of {step.Id}");
                Check(
                    item.HedgeAt is null || attempts[item.Index].Any(static a => a.Status == AttemptStatus.Running),
                    $"item {item.Index} of {step.Id} is to have a backup, and nobody is slow");
            }
        }
    }

    private void CheckEnd()
    {
        Check(RunScenario.Dump(Replay()) == RunScenario.Dump(_state), "a replay gives another state");
        Check(RunMachine.Resume(_state).IsEmpty, "an ended run has something to resume");
        Check(_state.NextDue is null, "an ended run waits for time");
        Check(_holding.Count == 0 && _waiting.Count == 0, "an ended run holds or awaits slots");
        foreach (var step in _state.Steps)
        {
            Check(step.Status != StepStatus.Running, $"step {step.Id} still runs");
            Check(step.Attempts.All(a => !a.Status.IsOpen()), $"step {step.Id} has open attempts");
            Check(step.Attempts.Select((a, i) => a.Number == i + 1).All(x => x), $"step {step.Id} has gaps in its attempts");
            var won = step.Attempts.Where(static a => a is { Status: AttemptStatus.Succeeded, IsHedge: true }).ToList();
            ItemsWonByBackups += step.Step.Mode == StepMode.Each ? won.Count : 0;
            Check(step.Status != StepStatus.Completed || step.Output is not null, $"step {step.Id} has no output");
            Check(
                step.Received is null || _state.Signals.Contains(step.Received),
                $"step {step.Id} has a signal that nobody sent");
            if (_state.Status == RunStatus.Completed)
            {
                Check(step.Status.IsEnded() && step.Status != StepStatus.Cancelled, $"step {step.Id} was left behind");
                Check(step.Status != StepStatus.Failed || step.Step.Optional, $"step {step.Id} failed, the run did not");
            }
        }
        var taken = _state.Steps.Select(static s => s.Received).OfType<ReceivedSignal>().ToArray();
        Check(taken.Distinct(ReferenceEqualityComparer.Instance).Count() == taken.Length, "a signal was taken twice");
        CheckEvents();
    }

    private void CheckEvents()
    {
        var ended = new HashSet<(string, int)>();
        var open = true;
        var state = new RunState(_plan);
        var waits = new HashSet<string>();
        var keys = new HashSet<(string, string?)>();
        foreach (var e in _journal.SelectMany(turn => RunEventJson.Read(turn)))
        {
            Check(open || e is RunEvent.SubmissionSkipped or RunEvent.RunRetried
                or RunEvent.WebhookDelivered or RunEvent.WebhookFailed or RunEvent.AttemptStopped, $"{e} after the end");
            (string, int)? result = e switch
            {
                RunEvent.AttemptSucceeded x => (x.Step, x.Attempt),
                RunEvent.AttemptFailed x => (x.Step, x.Attempt),
                RunEvent.AttemptCancelled x => (x.Step, x.Attempt),
                _ => null,
            };
            if (e is RunEvent.AttemptFailed { Error.RetryAfter: { } after, RetryAt: { } retryAt })
            {
                Check(retryAt >= e.Time + after, $"{e} is tried again too early");
                Check(retryAt < state.Deadline, $"{e} is tried again when the run is out of time");
            }
            // Promise 3: a result is recorded exactly once.
            Check(result is null || ended.Add(result.Value), $"attempt {result} ended twice");
            CheckWait(e, waits, keys);
            var owed = state.Deliveries.Count;
            RunMachine.Evolve(state, e);
            CheckOwed(state, e, state.Deliveries.Count - owed);
            open = e switch
            {
                RunEvent.RunCompleted or RunEvent.RunFailed or RunEvent.RunCancelled => false,
                RunEvent.RunRetried => true,
                _ => open,
            };
        }
    }

    // Whoever wants to hear of an event is owed that with it.
    private void CheckOwed(RunState state, RunEvent e, int owed)
    {
        WebhookEvent? told = e switch
        {
            RunEvent.RunCompleted => WebhookEvent.Completed,
            RunEvent.RunFailed => WebhookEvent.Failed,
            RunEvent.RunCancelled => WebhookEvent.Cancelled,
            RunEvent.StepWaiting x when state[x.Step].Received is null => WebhookEvent.Waiting,
            RunEvent.StepReminded => WebhookEvent.Reminder,
            _ => null,
        };
        var wanted = told is { } on ? _plan.Settings.Webhooks.Count(w => w.On.Contains(on)) : 0;
        Check(owed == wanted, $"{e} makes {owed} deliveries, and {wanted} are wanted");
        Check(
            state.OpenDeliveries == state.Deliveries.Count(static d => d.State == DeliveryState.Pending),
            $"{state.OpenDeliveries} deliveries are said to be open");
    }

    // A signal is recorded exactly once, a wait ends exactly once.
    private void CheckWait(RunEvent e, HashSet<string> waits, HashSet<(string, string?)> keys)
    {
        var ended = e switch
        {
            RunEvent.StepCompleted x => x.Step,
            RunEvent.StepFailed x => x.Step,
            RunEvent.StepSkipped { Reason: not "its condition 'input.flag' is not true" and not "its condition 'not input.flag' is not true" } x => x.Step,
            _ => null,
        };
        switch (e)
        {
            case RunEvent.StepWaiting x: Check(waits.Add(x.Step), $"{x.Step} waits twice"); break;
            case RunEvent.StepReminded x: Check(waits.Contains(x.Step), $"{x.Step} does not wait, and somebody is reminded of it"); break;
            case RunEvent.SignalReceived x: Check(keys.Add((x.Signal, x.Key)), $"{x.Signal} with {x.Key} came twice"); break;
            case RunEvent.RunFailed or RunEvent.RunCancelled: waits.Clear(); break;
            case RunEvent.RunCompleted: Check(waits.Count == 0, "the run is completed, and waits"); break;
            default: Check(ended is null || _plan[ended].Wait is null || waits.Remove(ended), $"{ended} ended, and did not wait"); break;
        }
    }

    private void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            var journal = string.Join('\n', _journal.TakeLast(30).Select(Encoding.UTF8.GetString));
            Assert.Fail($"seed {seed}: {otherwise}\nplan {_plan.Definition}\nlast turns:\n{journal}");
        }
    }
}
