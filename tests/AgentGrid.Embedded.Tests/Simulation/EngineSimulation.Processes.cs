using AgentGrid.Core.Agents;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Tests.Simulation.Disk;

namespace AgentGrid.Embedded.Tests.Simulation;

internal sealed partial class EngineSimulation
{
    private void MakeConfig()
    {
        Directory.CreateDirectory(_options.Config!);
        var yaml = new System.Text.StringBuilder();
        _queueSlots = _random.Next(3) == 0 ? _random.Next(1, 5) : 100;
        yaml.Append($"queues:\n  general: {{ slots: {_queueSlots} }}\nagents:\n");
        for (var i = 0; i < 4; i++)
        {
            _slots[$"agent{i}"] = _random.Next(1, 5);
            yaml.Append($"  agent{i}: {{ priority: {_random.Next(3)}, max_concurrency: {_slots[$"agent{i}"]}, ");
            yaml.Append($"timeout: {_random.Next(1, 10)}s, ");
            yaml.Append(i == 1 ? $"rate_limit: {{ tokens: {SimulatedAgents.Tokens}/m, estimate: {SimulatedAgents.Estimate} }}, " : "");
            yaml.Append($"retry: {{ max_attempts: {_random.Next(1, 4)}, jitter: 0.5, ");
            yaml.Append($"backoff: {_random.Next(1, 500)}ms }} }}\n");
        }
        File.WriteAllText(Path.Combine(_options.Config!, "agents.yaml"), yaml.ToString());
        Directory.CreateDirectory(Path.Combine(_options.Config!, "plans"));
        File.WriteAllText(
            Path.Combine(_options.Config!, "plans", "children.yaml"),
            $"plans: {{ child0: {RandomPlan(2)}, child1: {RandomPlan(2, "child0")} }}");
    }

    private void Boot(SimulatedDisk disk)
    {
        while (true)
        {
            _options.Data = DataFolder(++_starts);
            _artifacts.Boot();
            var agents = new SimulatedAgents(_settings, _random, _clock, _options.CancelGrace)
            {
                Invoked = OnInvoked,
                Returned = OnReturned,
                IsPoison = IsPoison,
                Healed = _healed,
            };
            _delivered.Clear();
            _process = new SimulatedProcess(_settings, _random, _clock, disk, _artifacts, _options, agents, () => _healed, OnTold);
            if (!_healed && _settings.Kills && _random.Next(10) == 0)
            {
                disk.DiesAt = disk.Operations + _random.Next(1, 20);
            }
            try
            {
                _process.Start();
                Note($"process {_starts} starts after event {_process.Engine.Feed.Head}");
                CheckAfterStart();
                return;
            }
            catch (Exception e) when (e is not SimulationFailure)
            {
                Check(disk.IsDead, $"the engine does not start: {e}");
                Note($"process {_starts} dies while it starts");
                _process.Kill();
                disk = disk.Restart(powerFailed: _settings.PowerFailures);
            }
        }
    }

    private void OnTold(WebhookDelivery delivery)
    {
        Counts.Deliveries++;
        _toldWebhooks.Add(delivery.Id);
    }

    // Of all attempts of a simulation one at most, and then always.
    private bool IsPoison(AgentInvocation invocation)
    {
        if (_settings.Poison && _poison is null && _random.Next(4) == 0)
        {
            _poison = invocation.IdempotencyKey;
        }
        return invocation.IdempotencyKey == _poison;
    }

    private void CrashOfPoison()
    {
        Note($"{Short(_poison!)} ends its process");
        Counts.Poisonings++;
        _crashIsPoison = true;
        Crash(powerFailed: false);
    }

    private void Crash(bool powerFailed)
    {
        if (powerFailed)
        {
            Counts.PowerFailures++;
        }
        else
        {
            Counts.Kills++;
        }
        Note(powerFailed ? "the power fails" : "the process is killed");
        if (_settings.Breakage == Breakage.ForgetsSlotsOnCrash)
        {
            _owed.AddRange(_process.Agents.Running.Select(r => r.Agent));
        }
        _process.Kill();
        _returned.Clear();
        LoseClients();
        Boot(_process.Disk.Restart(powerFailed));
    }

    private void Stop()
    {
        if (_process.Stopping is null)
        {
            Note("a shutdown is asked for");
            Counts.Stops++;
            _process.Stopping = _process.Grid.StopAsync(CancellationToken.None);
        }
    }

    // The rest of what the old process had in its hands must come to nothing.
    private void OnStopped()
    {
        Note("the process has stopped");
        var invocations = Counts.Invocations;
        var operations = _process.Disk.Operations;
        var old = _process;
        if (_process.Agents.Running.Any() || _diskWasBad)
        {
            _returned.Clear(); // it ran out of time, or its disk did not take everything
        }
        LookAtClients();
        while (old.Platform.Ready > 0)
        {
            old.Platform.RunOne();
        }
        // What children may take is no end that comes soon: the clock must not be moved there.
        var soon = _clock.Now + TimeSpan.FromMinutes(30);
        for (var i = 0; i < 20 && old.Time.NextDue is { } due && due < soon; i++)
        {
            _clock.MoveTo(due);
            _ = old.Time.FireOne();
            while (old.Platform.Ready > 0)
            {
                old.Platform.RunOne();
            }
        }
        Check(Counts.Invocations == invocations, "an agent was asked after the shutdown had ended");
        Check(_process.Disk.Operations == operations, "the disk was written to after the shutdown had ended");
        Check(old.Log.Mistake is null, $"after the shutdown: {old.Log.Mistake}");
        LoseClients();
        var powerFailed = _settings.PowerFailures && _random.Next(2) == 0;
        old.Kill();
        Boot(_process.Disk.Restart(powerFailed));
    }
}
