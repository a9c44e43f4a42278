using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;

namespace AgentGrid.Engine.Tests.Simulation;

internal sealed partial class SimulatedCluster
{
    private void ActAsClient()
    {
        switch (_world.Random.Next(8))
        {
            case < 4 when _runs < 6: Submit(); break;
            case 4: Cancel(); break;
            case 5: Retry(); break;
            default: AnyDriver()?.Driver?.Post(RunInput.SkipSubmission.Instance); break;
        }
    }

    private void Submit()
    {
        if (Pick(_silos.Where(IsThere)) is not { } silo)
        {
            return;
        }
        var plan = PlanReader.ReadJson("simulated", RandomPlan.Make(_world.Random)).Plan!;
        var id = RunId.From(new Guid(++_runs, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte)_runs));
        var accepted = new RunEvent.RunAccepted(
            id, $"m{_runs}", "1", "simulated", plan.Version, Json.Parse("""{"list":[1,2,3,4],"flag":true}"""),
            (ulong)_world.Random.NextInt64())
        { Time = _world.Now };
        Store.Accept(plan, accepted);
        silo.Drive(RunMachine.Evolve(new RunState(plan), accepted)).Begin();
    }

    private void Cancel()
    {
        if (AnyDriver() is not ({ } silo, { } driver))
        {
            return;
        }
        Ask(silo, $"{SimulatedStore.Short(driver.Id)} is to be cancelled", driver.AskAsync(new RunInput.CancelRun("simulated")), why =>
        {
            if (why is null)
            {
                _world.Check(
                    Store.Has(driver.Id, static e => e is RunEvent.RunCancelled),
                    $"a client was told that {driver.Id} is cancelled, and the store does not have it");
            }
            else if (why.EndsWith("already", StringComparison.Ordinal))
            {
                _world.Check(
                    Store.Has(driver.Id, static e => e is RunEvent.RunCompleted or RunEvent.RunFailed or RunEvent.RunCancelled),
                    $"a client was told that {driver.Id} has ended, and the store does not have it");
            }
        });
    }

    private void Retry()
    {
        var ended = Store.Runs.Where(r => Store[r].Status is RunStatus.Failed or RunStatus.Cancelled
            && !_silos.Exists(s => s.Find(r) is not null)).ToArray();
        if (ended.Length == 0 || Pick(_silos.Where(IsThere)) is not { } silo)
        {
            return;
        }
        var run = ended[_world.Random.Next(ended.Length)];
        var driver = silo.Drive(Store.Replay(run));
        Ask(silo, $"{SimulatedStore.Short(run)} is to be retried", driver.AskAsync(new RunInput.RetryRun()), why =>
            _world.Check(
                why is not null || Store.Has(run, static e => e is RunEvent.RunRetried),
                $"a client was told that {run} is retried, and the store does not have it"));
    }

    private void Ask(SimulatedSilo silo, string what, Task<string?> answer, Action<string?> then)
    {
        _world.Note(what);
        _clients.Add((silo, what, answer, why =>
        {
            _world.Note($"{what}: {why ?? "done"}");
            then(why);
        }
        ));
    }

    private (SimulatedSilo? Silo, RunDriver? Driver)? AnyDriver()
    {
        var all = _silos.Where(IsThere).SelectMany(static s => s.Drivers.Select(d => (s, d))).ToArray();
        return all.Length == 0 ? null : all[_world.Random.Next(all.Length)];
    }
}
