using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Embedded.Tests.Simulation.Disk;
using Microsoft.Data.Sqlite;

namespace AgentGrid.Embedded.Tests.Simulation;

internal sealed partial class EngineSimulation
{
    /// <summary>Promises 1 and 4: whatever a client was told is still there.</summary>
    private void CheckAfterStart()
    {
        var reader = _process.Engine.Reader;
        CountInnocentCrashes(reader);
        Check(
            _record.Events.Count == 0 || _process.Engine.Feed.Head >= _record.Events.Keys.Max(),
            "event numbers that readers have seen will be used again");
        if (_settings.ShortRetention)
        {
            return;
        }
        foreach (var (run, end) in _told)
        {
            var row = reader.Find(run);
            Check(row is not null, $"run {run} was accepted, and is lost");
            Check(
                end is null || _retried.Contains(run) || row!.Summary.Status == end,
                $"a client was told that run {run} is {end}; it is {row!.Summary.Status}");
        }
        foreach (var run in _sent.Select(static s => s.Run).Distinct())
        {
            CheckSignals(ReplayOf(run));
        }
        CheckRecord(ReadAll());
    }

    // What a client was told is taken is there once, and taken by one step.
    private void CheckSignals(RunState run)
    {
        foreach (var (_, name, key, data) in _sent.Where(s => s.Run == run.Id))
        {
            var count = run.Signals.Count(s => s.Name == name && s.Data.Equals(data) && (key is null || s.Key == key));
            Check(
                key is null ? count > 0 : count == 1,
                $"a client was told that run {run.Id} has {name} ({key}), and it is there {count} times");
        }
        Check(
            run.Signals.Select(static s => (s.Name, s.Key)).Distinct().Count() == run.Signals.Count, $"run {run.Id} has a signal twice");
        var taken = run.Steps.Select(static s => s.Received).OfType<ReceivedSignal>().ToArray();
        Check(
            taken.Distinct(ReferenceEqualityComparer.Instance).Count() == taken.Length, $"run {run.Id} has a signal that was taken twice");
    }

    // Each end has been told, or given up after it had been tried.
    private void CheckDeliveries(RunState run)
    {
        foreach (var delivery in run.Deliveries)
        {
            Check(
                delivery.State == DeliveryState.Delivered ? _toldWebhooks.Contains(delivery.Id)
                    : delivery is { State: DeliveryState.Failed, Tries: > 0 },
                $"run {run.Id} has settled a delivery wrongly: {delivery}");
        }
        var wants = run.Webhooks.Count(w => w.On.Contains(Enum.Parse<WebhookEvent>($"{run.Status}")));
        Check(
            run.Deliveries.Count(d => d.Event is not (WebhookEvent.Waiting or WebhookEvent.Reminder) && d.At == run.EndedAt) == wants,
            $"run {run.Id} has ended, and {wants} webhooks were to be told");
    }

    private RunState ReplayOf(RunId run) => _process.Engine.Store.ReplayAsync(run).GetAwaiter().GetResult()!;

    // What ran by what is durable is lost now, and whose fault that is only the simulation knows.
    private void CountInnocentCrashes(JournalReader reader)
    {
        if (!_crashIsPoison)
        {
            foreach (var run in reader.Active().Select(r => ReplayOf(r.Ref.Id)))
            {
                foreach (var name in AttemptsOf(run).Where(a => a.State.Status == AttemptStatus.Running).Select(a => a.Name))
                {
                    _innocentCrashes[name] = _innocentCrashes.GetValueOrDefault(name) + 1;
                }
            }
        }
        _crashIsPoison = false;
    }

    // By their idempotency keys.
    private static IEnumerable<(string Name, AttemptState State)> AttemptsOf(RunState run) =>
        run.Steps.SelectMany(s => s.Attempts.Select(a => ($"{run.Id.Value}/{s.Id}/{a.Number}", a)));

    // Promise 9: an attempt that has never ended its process is not failed as lost, but where others than attempts have
    // ended it again and again.
    private void CheckInnocence(RunState run)
    {
        foreach (var (name, attempt) in AttemptsOf(run).Where(static a => a.State.Error?.Kind == ErrorKind.Lost))
        {
            Counts.Count("AttemptLost");
            Check(
                name == _poison || _innocentCrashes.GetValueOrDefault(name) > _options.MaxLosses - Isolation.MostInCompany,
                $"attempt {name} has never ended its process, and has failed: {attempt.Error!.Message}");
        }
    }

    private List<FeedEvent> ReadAll()
    {
        var events = new List<FeedEvent>();
        var after = 0L;
        while (true)
        {
            var page = _process.Engine.Store.ReadEventsAsync(new FeedQuery(), after, 500).Result;
            events.AddRange(page.Events);
            after = page.Next;
            if (page.AtEnd)
            {
                return events;
            }
        }
    }

    private void CheckRecord(List<FeedEvent> journal)
    {
        for (var i = 0; i < journal.Count; i++)
        {
            Check(journal[i].Seq == i + 1, $"the journal has event {journal[i].Seq} where {i + 1} is expected");
        }
        foreach (var (seq, seen) in _record.Events)
        {
            Check(seq <= journal.Count, $"a reader has seen event {seq}, and the journal ends with {journal.Count}");
            Check(
                seen.Utf8.Span.SequenceEqual(journal[(int)seq - 1].Utf8.Span),
                $"a reader has seen event {seq} as {Text(seen)}; it has become {Text(journal[(int)seq - 1])}");
        }
    }

    private static string Text(FeedEvent e) => System.Text.Encoding.UTF8.GetString(e.Utf8.Span);

    /// <summary>No more faults: everything that was accepted ends (promise 3).</summary>
    private void Settle()
    {
        Note("from now on all is well");
        _healed = true;
        _process.Agents.Healed = true;
        (_process.Disk.Failing, _process.Disk.Full, _process.Disk.DiesAt) = (false, false, null);
        var latest = _clock.Now + s_longestLife;
        var starts = _starts;
        while (!IsSettled())
        {
            if (_starts > starts)
            {
                _process.Agents.Healed = true;
            }
            Check(_steps < MostSteps, $"after {_steps} steps there is still something to do: {WhatIsLeft()}");
            Check(_clock.Now < latest, $"after hours there is still something to do: {WhatIsLeft()}");
            if (_process.Platform.Ready > 0)
            {
                _process.Platform.RunOne();
            }
            else if (!WriteOnce() && !_process.Agents.ActOne() && !_process.Time.FireOne())
            {
                var next = Earlier(_process.Time.NextDue, _process.Agents.NextDue);
                Check(next is not null, $"nothing will ever happen again: {WhatIsLeft()}");
                _clock.MoveTo(next!.Value);
            }
            Look();
        }
    }

    private bool IsSettled() =>
        _process is { Stopping: null, HasWrites: false, Platform.Ready: 0 } && _process.Engine.Registry.IsEmpty
        && _pending.Count == 0 && _process.Engine.Slots.All().All(a => a is { Running: 0, Waiting: 0 });

    private string WhatIsLeft() => !_process.Grid.IsRunning ? "the engine is not running"
        : $"runs {string.Join(' ', _process.Engine.Registry.Drivers.Select(a => $"{a.Key}:{a.Summary.Status}"))}; " +
          $"slots {string.Join(' ', _process.Engine.Slots.All().Select(a => $"{a.Agent.Name}:{a.Running}+{a.Waiting}"))}; " +
          $"waiting clients {string.Join("; ", _pending.Select(p => p.What))}; " +
          $"shutdown {_process.Stopping?.Status.ToString() ?? "none"}";

    /// <summary>Promise 5: when nothing runs, nothing is taken.</summary>
    private void CheckQuiet()
    {
        Check(_process.Engine.RunQueue is { Active: 0, Waiting: 0, Counted: 0 }, "no run is active, and places are taken");
        Check(_process.Engine.Reader.Active().Count == 0, "the journal has runs that have not ended");
        Check(_process.Engine.Reader.Owing().Count == 0, "the journal has runs that owe webhooks something");
        Check(_process.Engine.Journal.Failure is null, $"all is well, and yet: {_process.Engine.Journal.Failure}");
        Check(Scalar("SELECT count(*) FROM journal WHERE run NOT IN (SELECT id FROM runs)") == 0, "events without a run");
        Counts.Swept += (int)Math.Max(0, Scalar("SELECT coalesce(max(value), 0) FROM meta WHERE name = 'last_run'")
            - Scalar("SELECT count(*) FROM runs"));
    }

    // Of those that are counted together no more are started than may be.
    private void CheckGroups()
    {
        foreach (var group in _process.Engine.Registry.Drivers.Where(static d => d.Group is not null && d.Summary.Status == RunStatus.Running)
            .GroupBy(static d => d.Group!.Group))
        {
            var (count, most) = (group.Count(), group.Max(static d => d.Group!.Max));
            Check(count <= most, $"{count} runs of {most} are started: {string.Join(' ', group.Select(static d => d.Key))}");
            Counts.Count($"Started{count}OfAGroup");
        }
    }

    private long Scalar(string sql)
    {
        using var connection = new SqliteConnection(
            $"Data Source={Path.Combine(_options.Data, "agentgrid.db")};Vfs={SimulatedVfs.Name};Pooling=false");
        connection.Open();
        return JournalFile.Scalar(connection, sql);
    }

    private void CheckJournal()
    {
        var events = ReadAll();
        if (_settings.ShortRetention)
        {
            return;
        }
        CheckRecord(events);
        CheckReaders(events);
        foreach (var run in events.GroupBy(e => e.RunId))
        {
            CheckRun(run.Key, [.. run]);
        }
        CheckGenerations([.. events.Select(static e => e.RunId).Distinct().Select(ReplayOf)]);
        CheckChildren([.. events.Select(static e => e.RunId).Distinct().Select(ReplayOf)]);
        foreach (var (run, _) in _told)
        {
            Check(_process.Engine.Reader.Find(run)!.Summary.Status.IsEnded(), $"run {run} has not ended");
        }
    }

    // The runs of a key follow each other: one has ended when the next is accepted, and the last has the key.
    private void CheckGenerations(RunState[] runs)
    {
        var byId = runs.ToDictionary(static r => r.Id);
        foreach (var run in runs.Where(static r => r.Supersedes is not null))
        {
            var before = byId[run.Supersedes!.Value];
            Check(
                (before.Key, before.SupersededBy, before.Generation + 1) == (run.Key, run.Id, run.Generation) && before.Status.IsEnded(),
                $"{run.Id} supersedes {before.Id}, which is {before.Status} and superseded by {before.SupersededBy}");
            Counts.Count($"Superseded{before.Status}");
        }
        foreach (var key in runs.GroupBy(static r => r.Key))
        {
            var last = key.Where(r => r.SupersededBy is not { } by || !byId.ContainsKey(by)).ToArray();
            Check(
                last.Length == 1 && _process.Engine.Reader.Find(key.Key)!.Ref.Id == last[0].Id,
                $"{key.Key} has {last.Length} runs that none has superseded");
        }
    }

    // Of an attempt there is one child at most, and what it came to is what its parent has. One whose parent has not waited for it any
    // more has not gone on.
    private void CheckChildren(RunState[] runs)
    {
        var byId = runs.ToDictionary(static r => r.Id);
        foreach (var child in runs.Where(static r => r.Parent is not null))
        {
            var attempt = byId[child.Parent!.Run][child.Parent.Step].Attempts.ElementAtOrDefault(child.Parent.Attempt - 1);
            Check(attempt is not null && child.Parent.ChildId == child.Id, $"{child.Id} is the child of {child.Parent}, which does not know it");
            Counts.Count($"Child{child.Status}");
        }
        foreach (var parent in runs)
        {
            foreach (var (step, attempt) in parent.Steps.Where(static s => s.Step.Plan is not null).SelectMany(s => s.Attempts.Select(a => (s, a))))
            {
                var child = byId.GetValueOrDefault(parent.ChildOf(step, attempt)!.ChildId);
                Check(
                    attempt.Status != AttemptStatus.Succeeded
                        || (child?.Status == RunStatus.Completed && child.Result!.Equals(attempt.Output)),
                    $"attempt {attempt.Number} of step '{step.Id}' of {parent.Id} succeeded, and its run is {child?.Status}");
                Check(
                    attempt.Status != AttemptStatus.Failed || child?.Status is RunStatus.Failed or RunStatus.Cancelled
                        || (attempt.Error!.Code == ErrorCodes.ChildRefused
                            && attempt.Error.Message.Contains("it rejects further ones", StringComparison.Ordinal)),
                    $"attempt {attempt.Number} of step '{step.Id}' of {parent.Id} failed, and its run is {child?.Status}: {attempt.Error}");
            }
        }
    }

    private void CheckReaders(List<FeedEvent> events)
    {
        foreach (var reader in _readers)
        {
            var expected = events.Where(e => e.Seq > reader.First && e.Seq <= reader.Last && reader.Filter.Matches(e))
                .Select(e => e.Seq);
            Check(expected.SequenceEqual(reader.Seen), $"a reader of {reader.Filter} has missed something up to {reader.Last}");
        }
    }

    // Promise 3: a run ends once (until it is retried), and so does every attempt.
    private void CheckRun(RunId run, FeedEvent[] events)
    {
        var row = _process.Engine.Reader.Find(run)!;
        var state = ReplayOf(run);
        Check(state.Version == events.Length, $"run {run} has {events.Length} events, and a replay sees {state.Version}");
        Check(
            state.Status == row.Summary.Status,
            $"run {run} is {row.Summary.Status}, and its events say {state.Status}:\n{string.Join('\n', events.Select(Text))}");
        CheckInnocence(state);
        CheckSignals(state);
        CheckDeliveries(state);
        var ended = new HashSet<string>();
        var open = false;
        foreach (var e in events)
        {
            Check(e.Stage != Stages.Accepted || !open, $"run {run} was accepted twice");
            open = (open || e.Stage is Stages.Accepted or Stages.Retried) && !e.EndsRun;
            Check(
                open || e.EndsRun || e.Stage is Stages.Skipped or Stages.Superseded or Stages.WebhookDelivered or Stages.WebhookFailed
                    || e.Stage.EndsWith(":stopped", StringComparison.Ordinal) || e.Stage.EndsWith(":did_not_stop", StringComparison.Ordinal),
                $"event {e.Seq} comes after the end of its run: {Text(e)}");
            var outcome = e.Stage[(e.Stage.IndexOf(':', StringComparison.Ordinal) + 1)..];
            if (outcome is "succeeded" or "error" or "timeout" or "cancelled")
            {
                using var json = JsonDocument.Parse(e.Utf8);
                if (json.RootElement.TryGetProperty("attempt", out var attempt))
                {
                    var name = $"{json.RootElement.GetProperty("step").GetString()}/{attempt.GetInt32()}";
                    Check(ended.Add(name), $"attempt {name} of run {run} ended twice");
                }
            }
        }
        Counts.Events += events.Length;
        Counts.Count($"Run{state.Status}");
    }

    private void StopAndCheck()
    {
        Stop();
        var process = _process;
        var latest = _clock.Now + TimeSpan.FromMinutes(5);
        while (_process == process)
        {
            Check(_clock.Now < latest, $"the shutdown does not end: {WhatIsLeft()}");
            if (!_process.Stopping!.IsCompleted)
            {
                if (_process.Platform.Ready > 0)
                {
                    _process.Platform.RunOne();
                }
                else if (!WriteOnce() && !_process.Agents.ActOne() && !_process.Time.FireOne())
                {
                    var next = Earlier(_process.Time.NextDue, _process.Agents.NextDue);
                    Check(next is not null, "the shutdown waits for nothing");
                    _clock.MoveTo(next!.Value);
                }
            }
            Look();
        }
    }
}
