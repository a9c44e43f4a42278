using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Tests.Simulation;

internal sealed partial class SimulatedCluster
{
    private void Harm()
    {
        switch (_world.Random.Next(10))
        {
            case 0: KillSilo(); break;
            case 1: KillNode(); break;
            case 2 or 3: Freeze(Pick<Place>([.. _silos.Where(IsThere), .. Nodes.Where(IsThere)])); break;
            case 4: Dispatcher.Move(); break;
            case 5 or 6: DriveTwice(); break;
            case 7: Dispatcher.Drain($"agent{_world.Random.Next(4)}"); break;
            default: Thaw(); break;
        }
    }

    private void KillSilo()
    {
        if (Pick(_silos.Where(static s => !s.IsDead)) is { } silo)
        {
            _world.Note($"{silo.Name} dies");
            Deaths++;
            silo.Die();
            _silos.Remove(silo);
            _clients.RemoveAll(c => c.Silo == silo);
            StartSilo();
        }
    }

    private void KillNode()
    {
        if (Pick(Nodes.Where(static n => !n.IsDead)) is { } node)
        {
            _world.Note($"{node.Name} dies");
            Deaths++;
            CountInnocentCrash(node);
            Die(node);
        }
    }

    private void Die(SimulatedNode node)
    {
        node.Die();
        Dispatcher.RemoveNode(node.Name);
        StartNode();
    }

    /// <summary>An attempt ends the process that it runs in.</summary>
    public void Poison(SimulatedNode node)
    {
        _world.Note($"{node.Name} dies of {_poison}");
        Poisonings++;
        Die(node);
    }

    /// <summary>Whether a delivery ends its process; of all attempts one at most does so, and then always.</summary>
    public bool IsPoison(string key)
    {
        var attempt = key[..key.LastIndexOf('#')];
        if (HasPoison && _poison is null && _world.Chance(20))
        {
            _poison = attempt;
        }
        return _poison == attempt;
    }

    // How often the poison has ended a process after it had outlived what was known of it.
    private int Surprises()
    {
        var count = 0;
        foreach (var run in Store.Runs)
        {
            var before = 0;
            Store.Replay(run, state =>
            {
                var now = AttemptsOf(state).FirstOrDefault(a => a.Name == _poison).State?.Crashes ?? 0;
                count += now < before ? 1 : 0;
                before = now;
            });
        }
        return count;
    }

    // What runs there by what is durable is lost now, and it is none of its doing.
    private void CountInnocentCrash(SimulatedNode node)
    {
        foreach (var (name, attempt) in Store.Runs.SelectMany(r => AttemptsOf(Store[r])))
        {
            if (attempt.Status == AttemptStatus.Running && attempt.Node == node.Name)
            {
                _innocentCrashes[name] = _innocentCrashes.GetValueOrDefault(name) + 1;
            }
        }
    }

    private static IEnumerable<(string Name, AttemptState State)> AttemptsOf(RunState run) =>
        run.Steps.SelectMany(s => s.Attempts.Select(a => ($"{SimulatedStore.Short(run.Id)}/{s.Id}/{a.Number}", a)));

    // Promise 9: an attempt that has never ended its process is not failed as lost, but where nodes have died under it
    // again and again for other reasons; or of one that had lived far longer than before, which begins anew with that.
    private void CheckInnocence()
    {
        var surprises = Surprises() * Isolation.MostInCompany;
        foreach (var (name, attempt) in Store.Runs.SelectMany(r => AttemptsOf(Store[r]))
            .Where(static a => a.State.Error?.Kind == ErrorKind.Lost))
        {
            Lost++;
            _world.Check(
                name == _poison
                    || _innocentCrashes.GetValueOrDefault(name) + surprises > Limits.MaxLosses - Isolation.MostInCompany,
                $"{name} has never ended its process, and has failed: {attempt.Error!.Message}");
        }
    }

    // What is sent to it waits; others take it for dead after a while, and perhaps in vain.
    private void Freeze(Place? place)
    {
        if (place is null)
        {
            return;
        }
        _world.Note($"{place.Name} falls silent");
        place.IsFrozen = true;
    }

    private void Thaw()
    {
        Place[] frozen = [.. _silos.Where(static s => s.IsFrozen), .. Nodes.Where(static n => n is { IsFrozen: true, IsDead: false })];
        if (Pick(frozen) is not { } place)
        {
            return;
        }
        if (place is SimulatedNode node && _world.Chance(50))
        {
            // The others could not wait.
            _world.Note($"{node.Name} is declared dead");
            CountInnocentCrash(node);
            Die(node);
            return;
        }
        if (place is SimulatedSilo silo && _world.Chance(50))
        {
            TakeRunsFrom(silo);
        }
        _world.Note($"{place.Name} is back");
        place.IsFrozen = false;
    }

    // It was taken for dead, and comes back as if nothing had happened.
    private void TakeRunsFrom(SimulatedSilo silo)
    {
        foreach (var driver in silo.Registry.Drivers)
        {
            if (Pick(_silos.Where(s => s != silo && IsThere(s))) is { } other)
            {
                Doubles++;
                other.Resume(driver.Id);
            }
        }
    }

    private void DriveTwice()
    {
        if (AnyDriver() is (_, { } driver) && Pick(_silos.Where(s => IsThere(s) && !s.Drives(driver.Id))) is { } other)
        {
            Doubles++;
            other.Resume(driver.Id);
        }
    }
}
