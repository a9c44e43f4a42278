using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;

namespace AgentGrid.ClientApi.Tests;

/// <summary>A grid in memory whose runs do what a test tells them.</summary>
internal sealed class FakeGrid : IAgentGrid
{
    private readonly Lock _gate = new();
    private readonly List<FeedEvent> _events = [];
    private readonly Dictionary<RunId, RunDetails> _runs = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public List<SubmitRun> Submitted { get; } = [];
    public IReadOnlyCollection<RunId> Runs => _runs.Keys;
    public SubmitResult? NextSubmit { get; set; }

    /// <summary>The definition of its plan.</summary>
    public string Plan { get; set; } = """{"steps":{"a":{"agent":"echo"}}}""";
    public CommandResult? NextCommand { get; set; }
    public Exception? NextFailure { get; set; }
    public RunQuery? LastQuery { get; private set; }
    public RouteQuery? LastRoute { get; private set; }
    public RunCommand? LastCommand { get; private set; }
    public int Followers { get; private set; }

    public GridHealth Health { get; set; } = new()
    {
        Engine = "fake",
        Ready = true,
        Problems = [],
        ActiveRuns = 0,
        QueuedRuns = 0,
        LastSeq = 0,
    };

    public ValueTask<SubmitResult> SubmitAsync(SubmitRun submit, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (NextFailure is { } failure)
            {
                throw failure;
            }
            Submitted.Add(submit);
            if (NextSubmit is { } next)
            {
                return new(next);
            }
            var same = _runs.Values.FirstOrDefault(r =>
                r.Summary.MatchId == submit.Key.MatchId && r.Summary.Round == submit.Key.Round);
            if (same is not null)
            {
                return new(same.Input.Equals(submit.Input)
                    ? new SubmitResult.Replayed(same.Summary)
                    : new SubmitResult.Conflict(same.Summary, ["grid_snapshot.players[0].role"]));
            }
            return new(new SubmitResult.Accepted(AddCore(submit.Key, submit.Input, submit.Tenant).Summary));
        }
    }

    public RunDetails Add(string matchId = "m", string round = "r", Json? input = null)
    {
        lock (_gate)
        {
            return AddCore(new RunKey(matchId, round), input ?? Json.EmptyObject);
        }
    }

    /// <summary>Replaces a run, and tells everyone who waits.</summary>
    public void Update(RunId id, Func<RunDetails, RunDetails> change)
    {
        lock (_gate)
        {
            _runs[id] = change(_runs[id]);
            Changed();
        }
    }

    public void End(RunId id, RunStatus status = RunStatus.Completed) => Update(id, r => r with
    {
        Summary = r.Summary with { Status = status, EndedAt = DateTimeOffset.UnixEpoch },
        Result = Json.Parse("""{"frames":90}"""),
    });

    public FeedEvent Publish(RunId id, string stage, bool ends = false, int padding = 0)
    {
        lock (_gate)
        {
            var match = _runs.TryGetValue(id, out var run) ? run.Summary.MatchId : "m";
            var seq = _events.Count + 1;
            var json = Json.From(new { seq, run_id = id, match_id = match, stage, meta = new string('x', padding) });
            var e = new FeedEvent(seq, id, match, stage, ends, json.Utf8);
            _events.Add(e);
            Changed();
            return e;
        }
    }

    /// <summary>Waits until a condition on this grid holds.</summary>
    public async Task UntilAsync(Func<FakeGrid, bool> condition)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (condition(this))
                {
                    return;
                }
                changed = _changed.Task;
            }
            await changed.WaitAsync(TimeSpan.FromMinutes(1));
        }
    }

    public RunJournal? Journal { get; set; }

    public ValueTask<RunJournal?> GetJournalAsync(RunId id, CancellationToken cancellationToken = default) => new(Journal);

    public ValueTask<RunDetails?> GetRunAsync(RunId id, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            return new(_runs.GetValueOrDefault(id));
        }
    }

    public async ValueTask<RunDetails?> WaitForEndAsync(
        RunId id, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        try
        {
            await UntilAsync(g => g._runs[id].Summary.Status.IsEnded()).WaitAsync(timeout, cancellationToken);
        }
        catch (TimeoutException)
        {
            // The run is returned as it is.
        }
        return await GetRunAsync(id, cancellationToken);
    }

    public ValueTask<Json?> GetOutputAsync(RunId id, string step, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            return new(_runs.GetValueOrDefault(id)?.Steps.FirstOrDefault(s => s.Id == step)?.Output);
        }
    }

    /// <summary>Artifacts, by SHA-256.</summary>
    public Dictionary<string, byte[]> Artifacts { get; } = [];

    public ValueTask<Stream?> OpenArtifactAsync(RunId id, string sha256, CancellationToken cancellationToken = default) =>
        new(Artifacts.TryGetValue(sha256, out var bytes) ? new MemoryStream(bytes) : null);

    public ValueTask<RunPage> ListRunsAsync(RunQuery query, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            LastQuery = query;
            return query.Cursor is null or "next"
                ? new(new RunPage([.. _runs.Values.Select(r => r.Summary).Take(query.Limit)], "next"))
                : throw new FormatException($"'{query.Cursor}' is not a cursor.");
        }
    }

    public ValueTask<CommandResult> CommandAsync(
        RunId id, RunCommand command, CancellationToken cancellationToken = default)
    {
        LastCommand = command;
        if (command is RunCommand.Cancel)
        {
            End(id, RunStatus.Cancelled);
        }
        return new(NextCommand ?? new CommandResult.Done(_runs[id].Summary, true));
    }

    public ValueTask<bool> DrainAgentAsync(string agent, bool drained, CancellationToken cancellationToken = default)
    {
        LastDrain = (agent, drained);
        return new(agent == "perception");
    }

    public (string Agent, bool Drained)? LastDrain { get; private set; }

    public ValueTask<FeedPage> ReadEventsAsync(
        FeedQuery query, int limit = 500, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            var after = query.After ?? _events.Count;
            if (after > _events.Count)
            {
                return new(FeedPage.Reset(after, _events.Count, DateTimeOffset.UnixEpoch));
            }
            var events = _events.Skip((int)Math.Min(after, _events.Count)).Where(query.Matches).ToList();
            var page = events.Take(limit).ToImmutableArray();
            var atEnd = page.Length == events.Count;
            return new(new FeedPage(page, atEnd ? Math.Max(after, _events.Count) : page[^1].Seq, atEnd));
        }
    }

    public async IAsyncEnumerable<ImmutableArray<FeedEvent>> FollowAsync(
        FeedQuery query, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var after = Follow(+1, query.After);
        try
        {
            while (true)
            {
                Task changed;
                lock (_gate)
                {
                    changed = _changed.Task;
                }
                var page = await ReadEventsAsync(query with { After = after }, 256, cancellationToken);
                after = page.Next;
                if (!page.Events.IsEmpty)
                {
                    yield return page.Events;
                }
                if (page.AtEnd)
                {
                    await changed.WaitAsync(cancellationToken);
                }
            }
        }
        finally
        {
            Follow(-1, null);
        }
    }

    public ValueTask<ImmutableArray<AgentDetails>> GetAgentsAsync(CancellationToken cancellationToken = default) =>
        new([new AgentDetails
        {
            Config = new AgentConfig
            {
                Name = "perception", Capabilities = ["perception"], Priority = 10, Description = "Sees.",
                InputSchema = Json.Parse("""{"type":"object"}"""), OutputSchema = Json.Parse("""{"required":["players"]}"""),
                RateLimit = new RateLimit(60, TimeSpan.FromMinutes(1), 10),
            },
            Running = 2, Waiting = 5, Succeeded = 7, Failed = 1, TimedOut = 0, Cancelled = 0,
            Latency = new LatencyPercentiles(1, 2, 3, 4), Abandoned = 2,
            Rate = new RateState(0, TimeSpan.FromSeconds(0.75)), Failing = new FailingState(5, IsOpen: true, TimeSpan.FromSeconds(12)),
            FailingNodes = [new NodeFailing("gpu1", new FailingState(6, IsOpen: true, TimeSpan.FromSeconds(1.5)))],
            LastFailures =
            [
                new AgentFailure(
                    DateTimeOffset.UnixEpoch, "gpu1", ErrorKind.Timeout, "AG3001", "It was too slow.",
                    RunId.From(Guid.Parse("00000000000000000000000000000001")), "a", 3),
            ],
            AbandonedAttempts =
            [
                new AbandonedAttempt(
                    default, "m", "1", "a", 2, "local", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddSeconds(10)),
                new AbandonedAttempt(default, "m", "2", "a", 1, "local", DateTimeOffset.UnixEpoch, null),
            ],
        }]);

    public ValueTask<ImmutableArray<NodeDetails>> GetNodesAsync(CancellationToken cancellationToken = default) =>
        new([
            new NodeDetails
            {
                Name = "gpu1", Queues = ["gpu"], Running = 2, Slots = [new NodeQueue("gpu", 2, 8)],
                Gpus = [new NodeGpu(0, "A10", 24_000, 500, 8_000, 9_000)], WarmAgents = ["motion_generator"],
                Agents = [new NodeAgent("motion_generator", 2)], Labels = Labels.Of(("zone", "eu")),
                Failing = [new NodeFailure("motion_generator", 5, 12)], SeenAt = DateTimeOffset.UnixEpoch,
            },
            new NodeDetails { Name = "local", Silent = true, Running = 0, SeenAt = DateTimeOffset.UnixEpoch },
        ]);

    public ImmutableArray<ScheduleDetails> Schedules { get; set; } = [];

    public ValueTask<ImmutableArray<ScheduleDetails>> GetSchedulesAsync(CancellationToken cancellationToken = default) => new(Schedules);

    public ValueTask<ImmutableArray<PlanDetails>> GetPlansAsync(CancellationToken cancellationToken = default) =>
        new([new PlanDetails("tactical_motion", "abc", true, Json.Parse(Plan))]);

    public ValueTask<RoutingDecision> RouteAsync(RouteQuery query, CancellationToken cancellationToken = default)
    {
        LastRoute = query;
        return new(new RoutingDecision("perception", "It is idle.", [new("perception", 10, 4, 0, 10_010_000)]));
    }

    public ValueTask<GridHealth> GetHealthAsync(CancellationToken cancellationToken = default) => new(Health);

    private RunDetails AddCore(RunKey key, Json input, string? tenant = null)
    {
        var run = new RunDetails
        {
            Summary = new RunSummary
            {
                RunId = RunId.From(Guid.CreateVersion7()),
                MatchId = key.MatchId,
                Round = key.Round,
                Plan = "p",
                PlanVersion = "v1",
                Status = RunStatus.Queued,
                AcceptedAt = DateTimeOffset.UnixEpoch,
            },
            Tenant = tenant,
            PlanDefinition = Json.Parse("""{"steps":{"a":{"agent":"echo"}}}"""),
            Input = input,
            Steps = [],
        };
        _runs.Add(run.Summary.RunId, run);
        Changed();
        return run;
    }

    private long Follow(int change, long? after)
    {
        lock (_gate)
        {
            Followers += change;
            Changed();
            return after ?? _events.Count;
        }
    }

    private void Changed()
    {
        var changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.SetResult();
    }
}
