using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;

namespace AgentGrid.Engine.Tests.Simulation;

internal sealed partial class SimulatedCluster
{
    // Two for each key: they differ in what is posted.
    private readonly List<SubmitRun[]> _requests = [];
    private readonly HashSet<RunId> _accepted = [];
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);

    private SubmitRun[] MakeRequests(RunKey key)
    {
        var plan = RandomPlan.Make(_world.Random, 7, _hasGroups, _requests.Count % 3 == 0 ? [.. Config.Plans.Keys] : []);
        return
        [
            .. Enumerable.Range(0, 2).Select(v => new SubmitRun(
                key, Json.Parse($$"""{"list":[1,2,3,4],"flag":true,"v":{{v}}}"""), InlinePlan: plan)
            {
                Delay = _requests.Count % 4 == 3 ? TimeSpan.FromSeconds(_requests.Count) : null,
            }),
        ];
    }

    // What nobody has can be asked for all the same: the silo that accepts it has seen somebody who had it.
    private static GridConfig ConfigOf(IEnumerable<AgentConfig> agents, IEnumerable<Plan> plans) => new()
    {
        Agents = agents.Append(new AgentConfig { Name = "gone", Capabilities = ["nobody_has_this"] })
            .ToImmutableSortedDictionary(static a => a.Name, static a => a),
        Plans = plans.ToImmutableSortedDictionary(static p => p.Name, static p => p),
    };

    private void ActAsClient()
    {
        if (Pick(_silos.Where(IsThere)) is not { } silo)
        {
            return;
        }
        switch (_world.Random.Next(11))
        {
            case < 5: Submit(silo); break;
            case 5 or 6 when AnyRun() is { } run: Cancel(silo, run); break;
            case 7 when (AnyToRetry() ?? AnyRun()) is { } run:
                Retry(silo, run);
                if (_hasGroups && Pick(_silos.Where(IsThere)) is { } other)
                {
                    Retry(other, run);
                }
                break;
            case > 7 when AnyRun() is { } run: Signal(silo, run); break;
            default: break; // nothing has been posted yet
        }
    }

    // Rather one that can be.
    private RunId? AnyToRetry()
    {
        RunId[] all = [.. Store.Runs.Where(r => Store[r].Status is RunStatus.Failed or RunStatus.Cancelled)];
        return all.Length == 0 ? null : all[_world.Random.Next(all.Length)];
    }

    private RunId? AnyRun()
    {
        RunId[] all = [.. Store.Runs];
        return all.Length == 0 ? null : all[_world.Random.Next(all.Length)];
    }

    private void Submit(SimulatedSilo silo)
    {
        var submit = _requests[_world.Random.Next(_requests.Count)][_world.Chance(20) ? 1 : 0];
        if (_supersedes && _world.Chance(30))
        {
            submit = submit with { OnConflict = _world.Chance(20) ? OnConflict.UseExisting : OnConflict.Supersede };
        }
        Ask(silo, $"{submit.Key} is posted ({submit.OnConflict})", silo.Registry.SubmitAsync(submit), result =>
        {
            switch (result)
            {
                case SubmitResult.Accepted { Run: var run }:
                    _world.Check(
                        HasOrHad(run.RunId, submit.Key) && _accepted.Add(run.RunId),
                        $"{submit.Key} was accepted as {run.RunId}, and is {Store.Find(submit.Key)}");
                    CheckInput(run, submit, isSame: true);
                    break;
                case SubmitResult.Replayed { Run: var run } when submit.OnConflict == OnConflict.UseExisting:
                    _world.Check(HasOrHad(run.RunId, submit.Key), $"{submit.Key} was never {run.RunId}");
                    break;
                case SubmitResult.Replayed { Run: var run }:
                    CheckInput(run, submit, isSame: true);
                    break;
                case SubmitResult.Conflict { Run: var run } when submit.OnConflict == OnConflict.Fail:
                    CheckInput(run, submit, isSame: false);
                    break;
                case SubmitResult.GroupFull { Group.Policy: ConcurrencyPolicy.Reject }:
                    Rejected++;
                    break;
                default:
                    _world.Check(false, $"{submit.Key} was answered with {result}");
                    break;
            }
        });
    }

    private void CheckInput(RunSummary run, SubmitRun submit, bool isSame) => _world.Check(
        HasOrHad(run.RunId, submit.Key) && (Store[run.RunId].Input.Equals(submit.Input) == isSame),
        $"a client was told that {submit.Key} is {(isSame ? "" : "not ")}{run.RunId}, and the store says " +
        $"{Store.Find(submit.Key)?.ToString() ?? "nothing"}");

    // Who has been told of a run may hear it when another has its key already.
    private bool HasOrHad(RunId run, RunKey key) => Store.Has(run) && Store[run].Key == key && (Store.Find(key) == run || Store[run].SupersededBy is not null);

    // The runs of a key follow each other, and the last has it.
    private void CheckGenerations()
    {
        foreach (var runs in Store.Runs.Select(r => Store[r]).GroupBy(static r => r.Key))
        {
            foreach (var run in runs.Where(static r => r.Supersedes is not null))
            {
                var before = Store[run.Supersedes!.Value];
                _world.Check(
                    (before.SupersededBy, before.Generation + 1, before.EndedAt <= run.AcceptedAt) == (run.Id, run.Generation, true),
                    $"{run.Id} supersedes {before.Id}, which is superseded by {before.SupersededBy}");
            }
            var last = runs.Where(r => !Store.Runs.Contains(r.SupersededBy ?? r.Id) || r.SupersededBy is null).ToArray();
            _world.Check(
                last.Length == 1 && Store.Find(runs.Key) == last[0].Id,
                $"{Store.Find(runs.Key)} has {runs.Key}, and the last are {string.Join(' ', last.Select(static r => r.Id))}");
        }
    }

    private void Cancel(SimulatedSilo silo, RunId run) => Ask(
        silo, $"{SimulatedStore.Short(run)} is to be cancelled",
        silo.Registry.CommandAsync(run, new RunCommand.Cancel("simulated")), result =>
        {
            _world.Check(result is CommandResult.Done or CommandResult.Refused, $"cancelling {run} was answered with {result}");
            if (result is CommandResult.Done)
            {
                _world.Check(
                    Store.Has(run, static e => e is RunEvent.RunCancelled),
                    $"a client was told that {run} is cancelled, and the store does not have it");
            }
            else if (result is CommandResult.Refused refused)
            {
                _world.Check(
                    refused.Run.Status.IsEnded()
                        && Store.Has(run, static e => e is RunEvent.RunCompleted or RunEvent.RunFailed or RunEvent.RunCancelled),
                    $"a client was told that {run} has ended, and the store does not have it");
            }
        });

    /// <summary>Another run takes the place of this one.</summary>
    public void Yield(RunId run, GroupPlace other)
    {
        if (Pick(_silos.Where(IsThere)) is { } silo && !Store[run].Status.IsEnded())
        {
            Yields++;
            _world.Send(
                $"{SimulatedStore.Short(run)} is to yield to {SimulatedStore.Short(other.Run)}", silo,
                () => _ = silo.Registry.CommandAsync(run, new RunCommand.Cancel(other.Reason)).AsTask());
        }
    }

    private void Retry(SimulatedSilo silo, RunId run) => Ask(
        silo, $"{SimulatedStore.Short(run)} is to be retried",
        silo.Registry.CommandAsync(run, new RunCommand.Retry()), result =>
        {
            _world.Check(result is CommandResult.Done or CommandResult.Refused, $"retrying {run} was answered with {result}");
            _world.Check(
                result is not CommandResult.Done || Store.Has(run, static e => e is RunEvent.RunRetried),
                $"a client was told that {run} is retried, and the store does not have it");
        });

    // Early, late, again with the same key, or what nobody waits for.
    private void Signal(SimulatedSilo silo, RunId run)
    {
        var (name, data) = RandomPlan.Signal(_world.Random, Store[run].Plan.Definition);
        var key = _world.Chance(30) ? null : $"k{_world.Random.Next(5)}";
        Ask(
            silo, $"{SimulatedStore.Short(run)} is sent {name} ({key})",
            silo.Registry.CommandAsync(run, new RunCommand.Signal(name, data, Key: key)), result =>
            {
                _world.Check(result is CommandResult.Done or CommandResult.Refused, $"{name} for {run} was answered with {result}");
                if (result is not CommandResult.Done done)
                {
                    return;
                }
                Signals++;
                var kept = 0;
                Store.Has(run, e =>
                {
                    kept += e is RunEvent.SignalReceived x && x.Signal == name && (key is null || x.Key == key) && x.Data.Equals(data) ? 1 : 0;
                    return false;
                });
                _world.Check(key is null ? kept > 0 : kept == 1, $"a client was told that {run} has {name} ({key}), and the store has it {kept} times");
            });
    }

    // Of what came with one key one is kept, and no step takes what another has; a wait that has begun has ended once.
    private void CheckSignals()
    {
        foreach (var run in Store.Runs)
        {
            var (keys, waits) = (new HashSet<(string, string?)>(), new HashSet<string>());
            var plan = Store[run].Plan;
            Store.Has(run, e =>
            {
                var ended = e switch
                {
                    RunEvent.StepCompleted x => x.Step,
                    RunEvent.StepFailed x => x.Step,
                    RunEvent.StepSkipped x when waits.Contains(x.Step) => x.Step,
                    _ => null,
                };
                _world.Check(
                    e is not RunEvent.SignalReceived x1 || keys.Add((x1.Signal, x1.Key)), $"{run} has a signal twice: {e}");
                _world.Check(e is not RunEvent.StepWaiting x2 || waits.Add(x2.Step), $"{run} waits twice: {e}");
                _world.Check(ended is null || plan[ended].Wait is null || waits.Remove(ended), $"{run} did not wait: {e}");
                if (e is RunEvent.RunFailed or RunEvent.RunCancelled)
                {
                    waits.Clear();
                }
                return false;
            });
            _world.Check(waits.Count == 0, $"{run} has ended, and waits");
            var taken = Store[run].Steps.Select(static s => s.Received).OfType<ReceivedSignal>().ToArray();
            _world.Check(
                taken.Distinct(ReferenceEqualityComparer.Instance).Count() == taken.Length, $"{run} has a signal that was taken twice");
        }
    }

    /// <summary>A webhook has taken what it was told, perhaps again.</summary>
    public void Tell(WebhookDelivery delivery)
    {
        Deliveries++;
        var number = delivery.Number - 1;
        var kept = Store[delivery.Run.RunId].Deliveries.ElementAtOrDefault(number);
        var (told, owed) = (WebhookMessage.Of(delivery), kept is null ? null : WebhookMessage.Of(kept));
        _world.Check(told.Equals(owed), $"a webhook was told {told}, and what is kept is {owed}");
        _told.Add(delivery.Id);
    }

    // What is said to be delivered has been told, and what has been given up has been tried.
    private void CheckDeliveries()
    {
        foreach (var delivery in Store.Runs.SelectMany(r => Store[r].Deliveries))
        {
            _world.Check(
                delivery.State == DeliveryState.Delivered ? _told.Contains(delivery.Id)
                    : delivery is { State: DeliveryState.Failed, Tries: > 0 },
                $"{delivery} is settled wrongly");
        }
    }

    private void Ask<T>(SimulatedSilo silo, string what, ValueTask<T> answer, Action<T> then)
    {
        _world.Note(what);
        var task = answer.AsTask();
        _clients.Add((silo, what, task, () =>
        {
            // It was not known whether it was kept: that is an answer too.
            if (task.Exception?.InnerException is TimeoutException)
            {
                _world.Note($"{what}: no answer");
                return;
            }
            _world.Note($"{what}: {task.Result!.GetType().Name}");
            then(task.Result);
        }
        ));
    }

    private (SimulatedSilo? Silo, RunDriver? Driver)? AnyDriver()
    {
        var all = _silos.Where(IsThere).SelectMany(static s => s.Registry.Drivers.Select(d => (s, d))).ToArray();
        return all.Length == 0 ? null : all[_world.Random.Next(all.Length)];
    }
}
