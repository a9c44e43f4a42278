using System.Text.Json;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

/// <summary>
/// One run, everything about it drawn from a seed: the plan, what agents do, in which order results arrive, what
/// arrives twice or late, which nodes are lost, where the process crashes and how much of its journal it had kept.
/// After every turn, and at the end, the promises are checked.
/// </summary>
internal sealed partial class RunSimulation(int seed)
{
    private const int MostTurns = 20_000;

    private readonly Random _random = new(seed);
    private readonly List<byte[]> _journal = [];
    private readonly List<RunInput> _inFlight = [];
    private readonly List<RunInput> _delivered = [];
    private readonly List<(string Agent, string Step, int Attempt)> _waiting = [];
    private readonly List<(string Agent, string Step, int Attempt)> _holding = [];
    private readonly FakeRouting _routing = new();
    private Plan _plan = null!;
    private RunState _state = null!;
    private DateTimeOffset _now = RunScenario.Start;
    private int _turns;
    private bool _recovering;

    public int Crashes { get; private set; }
    public int Losses { get; private set; }
    public int PassedOn { get; private set; }
    public int Ignored { get; private set; }
    public int Signals { get; private set; }
    public int Refusals { get; private set; }
    public int Receipts { get; private set; }
    public int Deliveries { get; private set; }
    public int Children { get; private set; }

    /// <summary>Items whose backup was first.</summary>
    public int ItemsWonByBackups { get; private set; }
    public RunStatus Outcome => _state.Status;

    public void Run()
    {
        MakeAgents();
        var read = PlanReader.ReadJson("simulated", RandomPlan.Make(_random, seed % 4 == 0 ? ["child0", "child1"] : []));
        _plan = read.Plan ?? throw new InvalidOperationException(string.Join("; ", read.Problems));
        _state = new RunState(_plan);
        Keep([new RunEvent.RunAccepted(
            RunId.From(new Guid(seed, 0, 0, new byte[8])), "m", "1", "simulated", _plan.Version,
            Json.Parse("""{"list":[1,2,3,4],"flag":true}"""), (ulong)seed)
        {
            Time = _now,
            StartsAt = seed % 5 == 0 ? _now + TimeSpan.FromMinutes(seed % 60 + 1) : null,
        }], apply: true);
        Turn(RunInput.StartRun.Instance);
        while (!_state.Status.IsEnded())
        {
            Check(_turns++ < MostTurns, "the run does not end");
            Act();
        }
        var retries = 0;
        while (retries++ < 2 && _random.Next(2) == 0)
        {
            var fromStep = _state.Status == RunStatus.Completed || _random.Next(3) == 0
                ? _plan.Steps[_random.Next(_plan.Steps.Length)].Id
                : null;
            Turn(new RunInput.RetryRun(fromStep));
            Turn(RunInput.StartRun.Instance);
            while (!_state.Status.IsEnded())
            {
                Check(_turns++ < MostTurns, "the retried run does not end");
                Act();
            }
        }
        Settle();
        CheckEnd();
    }

    // Webhooks may be told after the end, through further crashes.
    private void Settle()
    {
        while (_state.OpenDeliveries > 0 || !_state.Status.IsEnded())
        {
            Check(_turns++ < MostTurns, "what webhooks are owed is never settled");
            if (_random.Next(5) == 0)
            {
                Stop();
            }
            if (_random.Next(10) == 0)
            {
                Crash(); // of which the end may be lost
            }
            if (!_state.Status.IsEnded())
            {
                Act();
                continue;
            }
            _now = _state.Deliveries.Max(static d => d.NextTryAt) is { } next && next > _now ? next : _now;
            Tell();
        }
    }

    // Told, told in vain, or again what is known.
    private void Tell()
    {
        if (_state.Deliveries.Count == 0)
        {
            return;
        }
        var delivery = _state.Deliveries[_random.Next(_state.Deliveries.Count)];
        var number = delivery.Tries + _random.Next(2);
        Turn(new RunInput.ReportDelivery(
            delivery.Number, number, _random.Next(3) == 0 ? "simulated" : null, GivesUp: _random.Next(9) == 0));
        var after = _state.Deliveries[delivery.Number - 1];
        var isHeeded = delivery.State == DeliveryState.Pending && number == delivery.Tries + 1;
        Check(isHeeded ? after.Tries == number : after == delivery, $"{delivery} has become {after}");
        Deliveries += isHeeded ? 1 : 0;
    }

    // An agent that was told to stop has, or has not in time; also one of which that is known, and one that was not told.
    private void Stop()
    {
        var hedged = _state.Steps.Where(static s => s.Step.Hedge is not null && s.Attempts.Count > 0).ToArray();
        if (hedged.Length == 0)
        {
            return;
        }
        var step = hedged[_random.Next(hedged.Length)];
        var attempt = step.Attempts[_random.Next(step.Attempts.Count)];
        var before = attempt.Receipt;
        var stop = new AttemptStop(_random.Next(2) == 0, _random.Next(2) == 0, 1.5);
        Turn(new RunInput.ReportStop(step.Id, attempt.Number, stop));
        Check((attempt.Receipt == before) == (before?.Knows(stop) ?? true), $"{before} has become {attempt.Receipt} by {stop}");
        Check(attempt.Receipt is null || attempt.Status == AttemptStatus.Cancelled, $"attempt {attempt.Number} of {step.Id} has a receipt");
        Receipts += attempt.Receipt == before ? 0 : 1;
    }

    private void MakeAgents()
    {
        _routing.Delay = (_, _) => _random.Next(4) switch
        {
            0 => HedgeDelay.ColdStart,
            var n => new HedgeDelay(TimeSpan.FromMilliseconds(n * _random.Next(1, 500)), "simulated"),
        };
        for (var i = 0; i < 4; i++)
        {
            _routing.With($"agent{i}", i < 3 ? "work" : "other", slots: _random.Next(1, 5), priority: _random.Next(3),
                retry: new RetryPolicy { MaxAttempts = _random.Next(1, 4), Jitter = _random.NextDouble() },
                timeout: TimeSpan.FromSeconds(_random.Next(1, 10)));
        }
    }

    private void Act()
    {
        var dice = _random.Next(100);
        if (dice < 60 && _inFlight.Count > 0)
        {
            Deliver(_random.Next(_inFlight.Count));
        }
        else if (dice < 64 && _plan.Steps.Any(static s => s.Wait is not null))
        {
            Signal();
        }
        else if (dice == 76)
        {
            Tell();
        }
        else if (dice == 77)
        {
            Stop();
        }
        else if (dice < 66 && _delivered.Count > 0)
        {
            Turn(_delivered[_random.Next(_delivered.Count)]); // twice, or late
        }
        else if (dice < 68)
        {
            Crash();
        }
        else if (dice < 71 && _holding.Count > 0)
        {
            LoseNode(_holding[_random.Next(_holding.Count)]);
        }
        else if (dice == 75)
        {
            Drain(_waiting.Count > 0 ? _waiting[_random.Next(_waiting.Count)].Agent : $"agent{_random.Next(4)}");
        }
        else if (dice == 74)
        {
            var agent = $"agent{_random.Next(4)}";
            _ = _routing.Failing.Remove(agent) || _routing.Failing.Add(agent);
        }
        else if (dice == 71 && _random.Next(20) == 0)
        {
            Turn(new RunInput.CancelRun("simulated"));
        }
        else if (dice < 75)
        {
            Turn(RunInput.SkipSubmission.Instance);
        }
        else
        {
            PassTime();
        }
    }

    // Early, late, again, with the key of another, or what nobody waits for.
    private void Signal()
    {
        var (name, data) = RandomPlan.Signal(_random, _plan.Definition);
        var input = new RunInput.ReceiveSignal(name, data, Key: $"k{_random.Next(12)}");
        var verdict = SignalCheck.Of(_state, input);
        var before = _state.Signals.Count;
        Turn(input);
        Check(
            _state.Signals.Count - before == (verdict.Outcome == SignalOutcome.Heeded ? 1 : 0),
            $"{name} was to be {verdict}, and there are {_state.Signals.Count - before} more");
        Signals += _state.Signals.Count - before;
        if (verdict.Outcome == SignalOutcome.Heeded)
        {
            Check(SignalCheck.Of(_state, input).Outcome == SignalOutcome.Repeated, $"{name} is not known again");
        }
        GrantWaiting();
    }

    private void Drain(string agent)
    {
        if (_routing.Drained.Remove(agent))
        {
            GrantWaiting();
            return;
        }
        _routing.Drained.Add(agent);
        foreach (var (_, step, attempt) in _waiting.Where(w => w.Agent == agent).ToArray())
        {
            Turn(new RunInput.PassOnAttempt(step, attempt));
            PassedOn += _state[step].Attempts[attempt - 1].Status == AttemptStatus.Cancelled ? 1 : 0;
        }
    }

    private void PassTime()
    {
        var due = _state.NextDue;
        _now = due is { } d && _random.Next(2) == 0 ? Later(_now, d) : _now + TimeSpan.FromMilliseconds(_random.Next(2_000));
        Turn(RunInput.FireTimers.Instance);
        GrantWaiting();
    }

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    private void Deliver(int index)
    {
        var input = _inFlight[index];
        _inFlight.RemoveAt(index);
        _delivered.Add(input);
        Turn(input);
        GrantWaiting();
    }

    private void GrantWaiting()
    {
        for (var i = 0; i < _waiting.Count; i++)
        {
            var (agent, step, attempt) = _waiting[i];
            if (_state[step].Attempts[attempt - 1].IsHedge && _random.Next(3) == 0)
            {
                _waiting.RemoveAt(i--);
                Refusals++;
                Turn(new RunInput.RefuseHedge(step, attempt, "simulated"));
            }
            else if (_routing.TryReserve(agent, step, attempt) is { } node)
            {
                _waiting.RemoveAt(i--);
                _holding.Add((agent, step, attempt));
                Turn(new RunInput.GrantSlot(step, attempt, node));
            }
        }
    }

    private void LoseNode((string Agent, string Step, int Attempt) held)
    {
        Losses++;
        Release(held);
        // Its result may still be under way, and then arrives late.
        Turn(new RunInput.LoseAttempt(held.Step, held.Attempt, "simulated"));
    }

    // The process dies: everything in memory is gone, and of the journal any number of the newest turns.
    private void Crash()
    {
        Crashes++;
        var kept = Math.Max(1, _journal.Count - _random.Next(4));
        _journal.RemoveRange(kept, _journal.Count - kept);
        _inFlight.Clear();
        _waiting.Clear();
        _holding.Clear();
        _routing.InUse.Clear();
        _state = Replay();
        _recovering = true;
        if (_random.Next(2) == 0)
        {
            ComeBack(after: TimeSpan.FromSeconds(_random.Next(30)));
        }
        foreach (var effect in RunMachine.Resume(_state))
        {
            switch (effect)
            {
                case Effect.AwaitTurn: Turn(RunInput.StartRun.Instance); break;
                case Effect.AwaitSlot e: _waiting.Add((AgentOf(e.Step, e.Attempt), e.Step, e.Attempt)); break;
                case Effect.Reconcile e:
                    Turn(new RunInput.LoseAttempt(e.Step, e.Attempt, "crash"));
                    if (_plan[e.Step].Plan is not null)
                    {
                        Check(_state[e.Step].Attempts[e.Attempt - 1].Status == AttemptStatus.Running, "a child was lost with the process of its parent");
                        Invoke(e.Step, e.Attempt);
                    }
                    break;
                default: Check(false, $"unexpected {effect}"); break;
            }
        }
        _recovering = false;
        CheckSlots();
        GrantWaiting();
    }

    // What nobody was there to see is nobody's time.
    private void ComeBack(TimeSpan after)
    {
        var (since, left) = (_now, _state.Deadline - _now);
        var waits = _state.Steps.Select(static s => (Until: s.WaitsUntil, Reminder: s.RemindsAt)).ToArray();
        _now += after;
        Turn(new RunInput.ResumeRun(since, _now));
        Check(
            _state.Status != RunStatus.Running || _state.PausedAt is not null || _state.Deadline - _now >= left - TimeSpan.FromSeconds(1),
            $"of {left} that the run had left, {_state.Deadline - _now} are left after a pause of {after}");
        Check(
            after < TimeSpan.FromSeconds(1) || _state.DownSince != since
                || _state.Steps.Zip(waits).All(s =>
                    s.Second.Until is null || (s.First.WaitsUntil == s.Second.Until + after && s.First.RemindsAt == s.Second.Reminder + after)),
            $"a wait, or the time to a reminder, is not longer by the {after} in which nobody could send anything");
    }

    private void CheckWaits()
    {
        Check(_state.Waits == _state.Steps.Count(static s => s.WaitsUntil is not null), $"{_state.Waits} steps are said to wait");
        Check(
            _state.OpenAttempts == _state.Steps.Sum(static s => s.Attempts.Count(static a => a.Status.IsOpen())),
            $"{_state.OpenAttempts} attempts are said to be open");
        Check(
            _state.OpenChildren == _state.Steps.Sum(static s => s.Attempts.Count(static a => a.Status.IsOpen() && PlanCalls.Is(a.Agent))),
            $"{_state.OpenChildren} children are said to be open");
        Check(_state.OnlyWaits == _state.PausedAt is not null, "the run's clock does not stand still, or has not gone on");
        Check(
            _state.Status is not (RunStatus.Running or RunStatus.Scheduled) || _state.NextDue is not null, "nothing will ever happen to the run");
        foreach (var step in _state.Steps.Where(static s => s.WaitsUntil is not null))
        {
            Check(step.Received is null, $"step {step.Id} waits, and has what it waits for");
            Check(step.RemindsAt is null || step.RemindsAt < step.WaitsUntil, $"somebody is reminded of step {step.Id} when its wait is over");
            Check(
                step.RemindsAt is not null || step.Step.Wait!.RemindAfter is not { } reminder || _now >= step.StartedAt + reminder,
                $"nobody is ever reminded of step {step.Id}");
            Check(
                !_state.Signals.Exists(s => s.Step is null && s.Name == step.Step.Wait!.Signal),
                $"step {step.Id} waits for what is there");
        }
    }

    private void Turn(RunInput input)
    {
        var before = _state.Version;
        var decision = RunMachine.Decide(_state, input, _now, _routing, RunLimits.Default);
        Ignored += decision.Ignored is null ? 0 : 1;
        Check(decision.Ignored is null || decision.Events.Count == 0, "an ignored input has events");
        Check(_state.Version == before + decision.Events.Count, "events and state disagree");
        Keep(decision.Events, apply: false);
        foreach (var e in decision.Events)
        {
            Interpret(e);
        }
        if (decision.Events.Any(static e => e is RunEvent.RunDue))
        {
            Check(_now >= _state.StartsAt, "the run starts too early");
            Turn(RunInput.StartRun.Instance);
        }
        CheckWaits();
        CheckItems();
        if (!_recovering)
        {
            CheckSlots();
        }
    }

    private void Interpret(RunEvent e)
    {
        switch (RunMachine.EffectOf(e))
        {
            case Effect.AwaitSlot x: _waiting.Add((AgentOf(x.Step, x.Attempt), x.Step, x.Attempt)); break;
            case Effect.Invoke x:
                var key = (AgentOf(x.Step, x.Attempt), x.Step, x.Attempt);
                Children += PlanCalls.Is(key.Item1) ? 1 : 0;
                if (!PlanCalls.Is(key.Item1) && !_holding.Contains(key))
                {
                    _holding.Add(key);
                }
                Invoke(x.Step, x.Attempt);
                break;
            case Effect.Abandon x:
                var over = (AgentOf(x.Step, x.Attempt), x.Step, x.Attempt);
                _waiting.Remove(over);
                Release(over);
                break;
            default: break;
        }
    }

    private string AgentOf(string step, int attempt) => _state[step].Attempts[attempt - 1].Agent;

    private void Invoke(string step, int attempt)
    {
        for (var answers = _random.Next(10) switch { 0 => 0, 1 => 2, _ => 1 }; answers > 0; answers--)
        {
            _inFlight.Add(_random.Next(4) == 0
                ? new RunInput.FailAttempt(step, attempt, new RunError(
                    ErrorKind.Error, "error", "simulated", Retryable: _random.Next(3) > 0)
                { RetryAfter = RetryAfter() })
                : new RunInput.CompleteAttempt(step, attempt, Json.Parse($$"""{"n":{{_random.Next(10)}}}""")));
        }
        if (_random.Next(5) == 0)
        {
            _inFlight.Add(new RunInput.ReportProgress(step, attempt, _random.NextDouble(), "on it"));
        }
    }

    private TimeSpan? RetryAfter() => _random.Next(12) switch
    {
        0 => TimeSpan.FromMilliseconds(_random.Next(5_000)),
        1 => TimeSpan.FromMinutes(_random.Next(120)),
        2 => TimeSpan.MaxValue,
        _ => null,
    };

    private void Release((string Agent, string Step, int Attempt) held)
    {
        if (_holding.Remove(held))
        {
            _routing.Release(held.Agent);
        }
    }

    private void Keep(IReadOnlyList<RunEvent> events, bool apply)
    {
        if (events.Count == 0)
        {
            return;
        }
        if (apply)
        {
            foreach (var e in events)
            {
                RunMachine.Evolve(_state, e);
            }
        }
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            RunEventJson.Write(writer, events);
        }
        _journal.Add(stream.ToArray());
    }

    private RunState Replay() => _journal.SelectMany(turn => RunEventJson.Read(turn))
        .Aggregate(new RunState(_plan), RunMachine.Evolve);
}
