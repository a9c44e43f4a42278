using System.Text;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;

namespace AgentGrid.StoreContract;

/// <summary>A run, driven by the run machine, every turn of which goes into a log.</summary>
public sealed class LoggedRun
{
    public static readonly Plan OneStep = PlanOf("one", """{"steps":{"a":{"agent":"work"}}}""");

    private static int _runs;

    private readonly RunEvent.RunAccepted _accepted;
    private readonly FakeRouting _routing = new FakeRouting()
        .With("work", "other", slots: 10_000)
        .With("busy", "other", slots: 1)
        .With("flaky", "other", slots: 10_000, retry: new RetryPolicy { MaxAttempts = 3 });

    public LoggedRun(
        Plan plan, string match, string round, DateTimeOffset now, string? tenant = null, string input = "{}",
        RunId? supersedes = null)
    {
        for (var i = 0; i < 4; i++)
        {
            _routing.With($"agent{i}", i < 3 ? "work" : "other", slots: 10_000,
                retry: new RetryPolicy { MaxAttempts = 1 + i });
        }
        _routing.InUse["busy"] = 1;
        Now = now;
        _accepted = new RunEvent.RunAccepted(
            RunId.From(new Guid(Interlocked.Increment(ref _runs), 0, 7, new byte[8])), match, round, plan.Name,
            plan.Version, Json.Parse(input), 42, Tenant: tenant)
        {
            Time = now,
            Supersedes = supersedes,
        };
        State = RunMachine.Evolve(new RunState(plan), _accepted);
    }

    /// <summary>A run that a log has already, to go on with.</summary>
    public LoggedRun(RunState state, DateTimeOffset now)
        : this(state.Plan, state.Key.MatchId, state.Key.Round, now) => State = state;

    public RunState State { get; }
    public RunId Id => State.Id;
    public RunSummary Summary => RunDetailsBuilder.Summarize(State);
    public DateTimeOffset Now { get; set; }

    /// <summary>False: it is kept as by a version whose tips did not say who had an attempt or why it ended.</summary>
    public bool TipsSayAgents { get; init; } = true;

    /// <summary>The turns that were kept, with the number of the last event of each.</summary>
    public List<(long Last, IReadOnlyList<RunEvent> Events)> Kept { get; } = [];

    public static Plan PlanOf(string name, string json) =>
        PlanReader.ReadJson(name, Json.Parse(json)).Plan ?? throw new InvalidOperationException($"not a plan: {json}");

    public static LoggedRun Random(
        Random random, string match, string round, DateTimeOffset now, string? tenant = null) =>
        new(PlanReader.ReadJson("random", RandomPlan.Make(random)).Plan!, match, round, now, tenant,
            """{"list":[1,2,3],"flag":true}""");

    public async Task<AcceptOutcome> AcceptAsync(IRunStore log, int maxRuns = 100_000)
    {
        var outcome = await log.AcceptAsync(_accepted, State.Plan, maxRuns);
        if (outcome is AcceptOutcome.Kept kept)
        {
            Kept.Add((kept.LastSeq, [_accepted]));
        }
        return outcome;
    }

    /// <summary>One turn of the machine, kept; nothing when it has no events.</summary>
    public async Task TurnAsync(IRunStore log, RunInput input)
    {
        var before = State.Version;
        var events = Decide(input);
        if (events.Count > 0)
        {
            var kept = Assert.IsType<AppendOutcome.Kept>(await log.AppendAsync(
                Id, before, events, TipsSayAgents ? Summary : Summary with { Agents = null, Reason = null }));
            Kept.Add((kept.LastSeq, events));
        }
    }

    public IReadOnlyList<RunEvent> Decide(RunInput input) => RunMachine.Decide(State, input, Now, _routing, RunLimits.Default).Events;

    public Task StartAsync(IRunStore log) => TurnAsync(log, RunInput.StartRun.Instance);

    /// <summary>Accepts, starts and completes it.</summary>
    public async Task CompleteAsync(IRunStore log)
    {
        Assert.IsType<AcceptOutcome.Kept>(await AcceptAsync(log));
        await StartAsync(log);
        await FinishAsync(log);
    }

    public Task FinishAsync(IRunStore log) =>
        TurnAsync(log, new RunInput.CompleteAttempt("a", State["a"].Attempts.Count, Json.EmptyObject));

    public Task FailAsync(IRunStore log, string step = "a") => TurnAsync(log, new RunInput.FailAttempt(
        step, State[step].Attempts.Count, new RunError(ErrorKind.Error, "broken", "it broke")));

    /// <summary>Something that may happen to it; true when it has ended, and owes webhooks nothing.</summary>
    public async Task<bool> StepAsync(IRunStore log, Random random)
    {
        if (State.Status.IsEnded())
        {
            var open = State.Deliveries.Find(static d => d.State == DeliveryState.Pending)!;
            await TurnAsync(log, new RunInput.ReportDelivery(open.Number, open.Tries + 1, random.Next(4) == 0 ? "no" : null));
            return State.OpenDeliveries == 0;
        }
        await MoveAsync(log, random);
        return State.Status.IsEnded() && State.OpenDeliveries == 0;
    }

    private async Task MoveAsync(IRunStore log, Random random)
    {
        if (State.Status == RunStatus.Queued)
        {
            await StartAsync(log);
            return;
        }
        var running = State.Steps.SelectMany(s => s.Attempts.Select(a => (s.Step.Id, a.Number, a.Status)))
            .Where(a => a.Status == AttemptStatus.Running).ToArray();
        if (running.Length == 0 || random.Next(8) == 0)
        {
            Now = State.NextDue is { } due && due > Now ? due : Now.AddSeconds(1);
            await TurnAsync(log, RunInput.FireTimers.Instance);
            return;
        }
        var (step, attempt, _) = running[random.Next(running.Length)];
        await TurnAsync(log, random.Next(6) switch
        {
            0 => new RunInput.FailAttempt(step, attempt, new RunError(ErrorKind.Error, "broken", "it broke: ä\n\"")),
            1 => new RunInput.ReportProgress(step, attempt, random.NextDouble(), "on it"),
            2 => RunInput.SkipSubmission.Instance,
            3 => new RunInput.CompleteAttempt(step, attempt, Json.From(new string('x', random.Next(2_000)))),
            _ => new RunInput.CompleteAttempt(step, attempt, Json.Parse("""{"n":1}""")),
        });
    }

    public static string Dump(RunState state) =>
        $"{state.Version} {Encoding.UTF8.GetString(Json.From(RunDetailsBuilder.Build(state)).Utf8.Span)}";
}
