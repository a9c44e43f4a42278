using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Embedded.Tests.Simulation;

internal sealed partial class EngineSimulation
{
    private readonly List<(string What, Task Task, Action Done)> _pending = [];
    private readonly List<SimulatedReader> _readers = [];
    private readonly FeedRecord _record = new();
    private readonly List<KnownKey> _keys = [];

    /// <summary>The runs that clients have been told of, and how they ended as far as clients were told.</summary>
    private readonly Dictionary<RunId, RunStatus?> _told = [];
    private readonly HashSet<RunId> _retried = [];

    /// <summary>The signals that clients were told are taken.</summary>
    private readonly List<(RunId Run, string Name, string? Key, Json Data)> _sent = [];

    private void MakeRequests()
    {
        for (var k = 0; k < _settings.Keys; k++)
        {
            var key = new RunKey($"m{k % 3}", $"{k}");
            var plan = k % 3 == 0 ? RandomPlan(7, "child0", "child1") : RandomPlan(7);
            var requests = Enumerable.Range(0, 2).Select(v => new SubmitRun(
                key,
                Json.Parse($$"""{"match_id":"{{key.MatchId}}","round":"{{key.Round}}","v":{{v}},"list":[1,2,3,4],"flag":true}"""),
                InlinePlan: plan, Priority: _random.Next(-1, 2))
            {
                Delay = k % 4 == 3 ? TimeSpan.FromSeconds(k) : null,
            }).ToArray();
            _keys.Add(new KnownKey(requests));
        }
    }

    // A capability that nobody has is refused where a step cannot do without it.
    private Json RandomPlan(int most, params string[] calls)
    {
        while (true)
        {
            var plan = TestKit.RandomPlan.Make(_random, most, groups: true, calls);
            if (!plan.ToString()!.Contains("nobody_has_this", StringComparison.Ordinal))
            {
                return plan;
            }
        }
    }

    private void ActAsClient()
    {
        if (!_process.Grid.IsRunning)
        {
            return;
        }
        switch (_random.Next(23))
        {
            case < 6: Submit(_keys[_random.Next(_keys.Count)], _random.Next(6) == 0 ? 1 : 0); break;
            case 6 when _settings.Cancels && _random.Next(2) == 0 && AnyRun() is { } run: Cancel(run); break;
            case 7 when _settings.Retries && AnyRun() is { } run: Retry(run); break;
            case 8 when AnyRun() is { } run: Ask(run); break;
            case 9 when AnyRun() is { } run: Await(run); break;
            case 10: List(); break;
            case 11 when _settings.Readers && _readers.Count < 5: AddReader(); break;
            case 12 when _readers.Count > 0: _readers[_random.Next(_readers.Count)].Disconnect(); break;
            case > 19: SignalAny(); break;
            case > 12 when _readers.Count > 0: _readers[_random.Next(_readers.Count)].Read(_process.Grid); break;
            default: break; // nothing to do it with
        }
    }

    private RunId? AnyRun() => _told.Count == 0 ? null : _told.Keys.ElementAt(_random.Next(_told.Count));

    private void Pend<T>(string what, ValueTask<T> answer, Action<T> done)
    {
        Note(what);
        var task = answer.AsTask();
        _pending.Add((what, task, () => done(task.Result)));
    }

    private void Submit(KnownKey key, int variant)
    {
        var onConflict = _random.Next(8) > 0 ? OnConflict.Fail : _random.Next(4) == 0 ? OnConflict.UseExisting : OnConflict.Supersede;
        key.MayChange |= onConflict == OnConflict.Supersede;
        Submit(key, variant, key.Requests[variant] with { OnConflict = onConflict });
    }

    private void Submit(KnownKey key, int variant, SubmitRun request) => Pend(
        $"{key.Key} is posted ({variant}, {request.OnConflict})", _process.Grid.SubmitAsync(request), result =>
        {
            Counts.Count(result.GetType().Name);
            Note($"{key.Key} ({variant}) is answered: {result.GetType().Name}");
            switch (result)
            {
                case SubmitResult.Accepted { Run: var run }:
                    Check(key.Accept(run.RunId, variant) || Swept(key), $"{key.Key} was accepted twice, the second time as {run.RunId}");
                    key.Begin(run.RunId, variant);
                    Tell(run);
                    break;
                case SubmitResult.Replayed { Run: var run } when request.OnConflict == OnConflict.UseExisting:
                    Tell(run);
                    break;
                case SubmitResult.Replayed { Run: var run }:
                    Check(key.Replay(run.RunId, variant) || Swept(key), $"{key.Key} ({variant}) was another run before {run.RunId}");
                    key.Find(run.RunId, variant);
                    Tell(run);
                    break;
                case SubmitResult.Conflict { Run: var run } conflict when request.OnConflict == OnConflict.Fail:
                    Check(key.Conflict(run.RunId, variant) || Swept(key), $"{key.Key} ({variant}) does not differ from {run.RunId}");
                    Check(conflict.Differences.Contains("v"), $"the conflict is about {string.Join(", ", conflict.Differences)}");
                    break;
                case SubmitResult.GroupFull { Group.Policy: ConcurrencyPolicy.Reject }:
                    break; // it is another's turn
                case SubmitResult.Overloaded overloaded:
                    Check(_settings.SmallLimits, $"overloaded: {overloaded.Message}");
                    break;
                case SubmitResult.Unavailable unavailable:
                    Check(_diskWasBad || _process.Stopping is not null, $"unavailable: {unavailable.Message}");
                    break;
                default:
                    throw new SimulationFailure($"{key.Key} was answered with {result}");
            }
        });

    private bool Swept(KnownKey key) => _settings.ShortRetention && key.Reset();

    /// <summary>A client has been told of a run: it exists for ever, and what ended has ended.</summary>
    private void Tell(RunSummary run)
    {
        var status = run.Status.IsEnded() ? run.Status : (RunStatus?)null;
        if (status is not null && _told.GetValueOrDefault(run.RunId) is { } before && !_retried.Contains(run.RunId))
        {
            Check(before == status, $"run {run.RunId} was {before}, and is {status}");
        }
        _told[run.RunId] = status ?? _told.GetValueOrDefault(run.RunId);
    }

    private void Cancel(RunId run) => Pend($"{Short(run)} is to be cancelled", _process.Grid.CancelAsync(run), result =>
    {
        Note($"cancelling {Short(run)}: {result.GetType().Name}");
        Counts.Count($"Cancel{result.GetType().Name}");
        switch (result)
        {
            case CommandResult.Done done:
                Check(_retried.Contains(run) || done.Run.Status == RunStatus.Cancelled, $"cancelled, and is {done.Run.Status}");
                Tell(done.Run);
                break;
            case CommandResult.Refused refused: Tell(refused.Run); break;
            case CommandResult.NotFound: Check(_settings.ShortRetention, $"run {run} is not there any more"); break;
            default: throw new SimulationFailure($"cancelling {run}: {result}");
        }
    });

    // Early, late, again with the same key, or what nobody waits for.
    private void SignalAny()
    {
        if (_keys[_random.Next(_keys.Count)] is not { Run: { } run } known)
        {
            return; // it has not been posted
        }
        var (name, data) = TestKit.RandomPlan.Signal(_random, known.Requests[0].InlinePlan!);
        var key = _random.Next(3) == 0 ? null : $"k{_random.Next(5)}";
        Pend(
            $"{Short(run)} is sent {name} ({key})",
            _process.Grid.SignalAsync(run, name, data, key: key), result =>
            {
                Note($"{name} ({key}) for {Short(run)}: {result.GetType().Name}");
                Counts.Count($"Signal{result.GetType().Name}");
                switch (result)
                {
                    case CommandResult.Done done:
                        Tell(done.Run);
                        _sent.Add((run, name, key, data));
                        break;
                    case CommandResult.Refused refused: Tell(refused.Run); break;
                    case CommandResult.NotFound: Check(_settings.ShortRetention, $"run {run} is not there any more"); break;
                    case CommandResult.Unavailable unavailable:
                        Check(_diskWasBad || _process.Stopping is not null, $"unavailable: {unavailable.Message}");
                        break;
                    default: throw new SimulationFailure($"{name} for {run}: {result}");
                }
            });
    }

    private void Retry(RunId run)
    {
        _retried.Add(run);
        Pend($"{Short(run)} is to be retried", _process.Grid.RetryAsync(run), result =>
        {
            Note($"retrying {Short(run)}: {result.GetType().Name}");
            Counts.Count($"Retry{result.GetType().Name}");
            Check(result is not CommandResult.NotFound || _settings.ShortRetention, $"run {run} is not there any more");
        });
    }

    private void Ask(RunId run) => Pend($"{Short(run)} is looked at", _process.Grid.GetRunAsync(run), details =>
    {
        Check(details is not null || _settings.ShortRetention, $"run {run} is not there any more");
        if (details is not null)
        {
            Tell(details.Summary);
        }
    });

    private void Await(RunId run) => Pend(
        $"{Short(run)} is waited for",
        _process.Grid.WaitForEndAsync(run, TimeSpan.FromSeconds(_random.Next(60))), details =>
        {
            Check(details is not null || _settings.ShortRetention, $"run {run} is not there any more");
            if (details is not null)
            {
                Tell(details.Summary);
            }
        });

    private void List() => Pend("runs are listed", _process.Grid.ListRunsAsync(new RunQuery(Limit: 3)), page =>
    {
        Check(
            page.Runs.Zip(page.Runs.Skip(1)).All(p => p.First.AcceptedAt >= p.Second.AcceptedAt) || _settings.ClockJumps,
            "the list is not in the order of acceptance");
        foreach (var run in page.Runs)
        {
            Tell(run);
        }
    });

    private void AddReader()
    {
        var filter = _random.Next(4) switch
        {
            0 => new FeedQuery(0, MatchId: $"m{_random.Next(3)}"),
            1 => new FeedQuery(0, Stage: _random.Next(2) == 0 ? "*:start" : "orchestration:*"),
            2 when AnyRun() is { } run => new FeedQuery(0, RunId: run),
            _ => new FeedQuery(_random.Next(2) == 0 ? 0 : _process.Engine.Feed.Head),
        };
        _readers.Add(new SimulatedReader($"reader {_readers.Count}", filter, _record));
        Note($"reader {_readers.Count - 1} wants {filter}");
    }

    private void LookAtClients()
    {
        for (var i = 0; i < _pending.Count; i++)
        {
            var (what, task, done) = _pending[i];
            if (!task.IsCompleted)
            {
                continue;
            }
            _pending.RemoveAt(i--);
            if (!task.IsFaulted)
            {
                done();
            }
            else if (task.Exception.InnerException!.Message != SimulatedMistakes.Message)
            {
                throw new SimulationFailure($"{what}: {task.Exception.InnerException}");
            }
        }
        foreach (var reader in _readers)
        {
            var problem = reader.Take(_settings.ShortRetention);
            Check(problem is null, problem!);
        }
    }

    // Whoever waited for an answer does not get one.
    private void LoseClients()
    {
        _pending.Clear();
        _readers.ForEach(r => r.Lose());
    }

    private static string Short(RunId run) => run.Value[24..];

    /// <summary>What clients know of a key.</summary>
    private sealed class KnownKey(SubmitRun[] requests)
    {
        private readonly Dictionary<RunId, int> _variants = [];
        private readonly HashSet<RunId> _accepted = [];

        /// <summary>The run that clients were told of last; null for none.</summary>
        public RunId? Run { get; private set; }
        public SubmitRun[] Requests => requests;
        public RunKey Key => requests[0].Key;

        /// <summary>Somebody has posted what takes the key of others.</summary>
        public bool MayChange { get; set; }

        public bool Accept(RunId run, int variant) =>
            (MayChange ? !_accepted.Contains(run) : _accepted.Count == 0) && Replay(run, variant);

        public bool Replay(RunId run, int variant) => IsKnown(run) && _variants.GetValueOrDefault(run, variant) == variant;

        public bool Conflict(RunId run, int variant) => IsKnown(run) && (!_variants.TryGetValue(run, out var other) || other != variant);

        public void Begin(RunId run, int variant)
        {
            Find(run, variant);
            _accepted.Add(run);
        }

        public void Find(RunId run, int variant) => _variants[(Run = run).Value] = variant;

        // Where runs are removed after a while, another may have the key.
        public bool Reset()
        {
            Run = null;
            _variants.Clear();
            _accepted.Clear();
            return true;
        }

        private bool IsKnown(RunId run) => MayChange || _variants.Count == 0 || _variants.ContainsKey(run);
    }
}
