using System.Buffers;
using System.Text.Json;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;

namespace AgentGrid.Engine.Tests.Simulation;

/// <summary>
/// The durable truth of all runs: the records of each, as bytes. Each turn that is kept must follow from those before it.
/// </summary>
internal sealed class SimulatedStore(World world, SimulatedCluster cluster) : Place("store")
{
    private static readonly TimeSpan s_while = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_long = TimeSpan.FromSeconds(15);

    // A backup waits for no longer than whoever it is the backup of works.
    private static readonly TimeSpan s_notLong = TimeSpan.FromSeconds(3);

    private const double FreeScore = 5_000_000;

    private readonly Dictionary<RunId, Kept> _runs = [];
    private readonly Dictionary<RunKey, RunId> _keys = [];

    public IEnumerable<RunId> Runs => _runs.Keys;
    public int Conflicts { get; private set; }

    /// <returns>False when another run has the key.</returns>
    public bool Accept(Plan plan, RunEvent.RunAccepted accepted)
    {
        if (_keys.TryGetValue(accepted.Key, out var holder) && holder != accepted.Supersedes && !world.Errs(Mistake.IgnoresKeys)
            && !(accepted.Supersedes is not null && world.Errs(Mistake.SupersedesAnybody)))
        {
            // The same may come twice, when the answer was lost; of a child, and of one that supersedes another, another acceptance has the same id.
            return holder == accepted.RunId && accepted is { Parent: null, Supersedes: null };
        }
        if (accepted.Supersedes is { } before)
        {
            var old = _runs[before].State;
            world.Check(
                old.Status.IsEnded() && old.SupersededBy == accepted.RunId && holder == before,
                $"{Short(accepted.RunId)} takes {accepted.Key} from {Short(before)}, which is {old.Status}, and {holder} has it");
            cluster.Superseded++;
        }
        _keys[accepted.Key] = accepted.RunId;
        _runs.TryAdd(accepted.RunId, new Kept(plan));
        Keep(accepted.RunId, [accepted]);
        return true;
    }

    public RunId? Find(RunKey key) => _keys.TryGetValue(key, out var run) ? run : null;

    public bool Has(RunId run) => _runs.ContainsKey(run);

    public TurnOutcome Append(RunId run, long version, RunEvent[] events)
    {
        var kept = _runs[run];
        if (kept.State.Version != version && !world.Errs(Mistake.IgnoresVersions))
        {
            Conflicts++;
            world.Note($"{Short(run)}: a turn after {version} comes too late, there are {kept.State.Version}");
            return TurnOutcome.Conflict;
        }
        if (!world.Errs(Mistake.LosesTurns))
        {
            Keep(run, events);
        }
        return TurnOutcome.Kept;
    }

    public void Keep(RunId run, RunEvent[] events)
    {
        var kept = _runs[run];
        world.Note($"{Short(run)}: {kept.State.Version} + {string.Join(", ", events.Select(Text))}");
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            RunEventJson.Write(writer, events);
        }
        kept.Records.Add(buffer.WrittenSpan.ToArray());
        try
        {
            foreach (var e in events)
            {
                CheckFollows(kept.State, e);
                RunMachine.Evolve(kept.State, e);
            }
        }
        catch (Exception e)
        {
            world.Check(false, $"{run} has a turn that does not follow from those before it: {e.Message}");
        }
    }

    /// <summary>Another copy of the run, from its records.</summary>
    /// <param name="look">Shown the run after each event.</param>
    public RunState Replay(RunId run, Action<RunState>? look = null)
    {
        var kept = _runs[run];
        var state = new RunState(kept.Plan);
        foreach (var record in kept.Records.SkipLast(
            world.Mistake == Mistake.ReadsOldTurns && kept.Records.Count > 1 ? 1 : 0))
        {
            foreach (var e in RunEventJson.Read(record))
            {
                RunMachine.Evolve(state, e);
                look?.Invoke(state);
            }
        }
        return state;
    }

    /// <summary>The run as it is kept; to be looked at alone.</summary>
    public RunState this[RunId run] => _runs[run].State;

    public bool Has(RunId run, Func<RunEvent, bool> what) =>
        _runs[run].Records.SelectMany(static r => RunEventJson.Read(r)).Any(what);

    // What the run machine cannot have decided in this state, whoever drives it.
    private void CheckFollows(RunState state, RunEvent e)
    {
        switch (e)
        {
            case RunEvent.RunStarted:
                world.Check(state.Status == RunStatus.Queued, $"{state.Id} is started, and is {state.Status}");
                CheckGroup(state);
                break;
            case RunEvent.RunSuperseded:
                world.Check(state.SupersededBy is null, $"{state.Id} is superseded twice");
                break;
            case RunEvent.RunRetried:
                world.Check(state.SupersededBy is null, $"{state.Id} is retried, and is superseded by {state.SupersededBy}");
                break;
            case RunEvent.RunCompleted or RunEvent.RunFailed or RunEvent.RunCancelled:
                world.Check(!state.Status.IsEnded(), $"{state.Id} ends, and is {state.Status} already");
                break;
            case RunEvent.AttemptStarted x:
                CheckIsInTime(state, x.Step, x.Decision, x.Time);
                CheckAttempt(state, x.Step, x.Attempt, "started", static s => s == AttemptStatus.Queued, orNew: true);
                world.Check(
                    x.Hedge is not { At: not null } || SimulatedLatencies.IsReady(x.Agent, x.Node),
                    $"{state.Id} is to have a backup beside attempt {x.Attempt} of '{x.Step}', whose agent starts cold");
                break;
            case RunEvent.AttemptQueued x:
                CheckIsInTime(state, x.Step, x.Decision, x.Time);
                CheckAttempt(state, x.Step, x.Attempt, "queued", static s => s == AttemptStatus.Queued, orNew: true);
                world.Check(
                    !x.IsHedge || state[x.Step].Attempts.Exists(a => a.Status == AttemptStatus.Running && a.Hedge?.At <= x.Time
                        && (state[x.Step].Step.Mode != StepMode.Each || a.Branch == x.Branch)),
                    $"{state.Id} has a backup in '{x.Step}', and no attempt runs there that takes long");
                break;
            case RunEvent.AttemptSucceeded x:
                CheckAttempt(state, x.Step, x.Attempt, "succeeded", static s => s.IsOpen());
                break;
            case RunEvent.AttemptFailed x:
                CheckWasHeard(state, x);
                CheckAttempt(state, x.Step, x.Attempt, "failed", static s => s.IsOpen());
                break;
            case RunEvent.AttemptCancelled x:
                CheckWasAskedFor(state, x);
                CheckAttempt(state, x.Step, x.Attempt, "cancelled", static s => s.IsOpen());
                break;
            case RunEvent.AttemptLost x:
                CheckAttempt(state, x.Step, x.Attempt, "lost", static s => s == AttemptStatus.Running);
                break;
            default:
                break; // can be at any time
        }
    }

    // Of those that have free slots, whoever makes it is asked before whoever is known to need longer.
    private void CheckIsInTime(RunState state, string step, RoutingDecision? decision, DateTimeOffset now)
    {
        if (decision is not { Candidates: [{ Score: > FreeScore } first, _, ..] } || decision.Agent != first.Agent || state[step].Step.Mode == StepMode.All)
        {
            return;
        }
        bool IsLate(string agent) => SimulatedLatencies.P99Of(agent) * 1.02
            > Least(state[step].Step.Timeout ?? cluster.Agents[agent].Timeout, state.Deadline - now);
        var isLate = IsLate(first.Agent);
        var other = decision.Candidates.FirstOrDefault(c => c.Score > FreeScore && IsLate(c.Agent) != isLate);
        world.InTime += other is not null ? 1 : 0;
        world.Check(
            !isLate || other is null,
            $"{state.Id} asks {first.Agent} in '{step}', which needs too long, and {other?.Agent} does not: {decision.Why}");
    }

    private static TimeSpan Least(TimeSpan a, TimeSpan b) => a < b ? a : b;

    // Of those that are counted together no more are started than may be: than the one says that was let in last.
    private void CheckGroup(RunState state)
    {
        if (GroupPlace.Of(state) is { } place)
        {
            var others = _runs.Values.Where(r => r.State.Id != state.Id && r.State.Status == RunStatus.Running)
                .Select(static r => GroupPlace.Of(r.State)).OfType<GroupPlace>().Where(o => o.Group == place.Group).ToArray();
            cluster.Shared += others.Length > 0 ? 1 : 0;
            var most = others.Append(place).Max(static o => o.Max);
            world.Check(
                others.Length < most,
                $"{state.Id} is started, of {most} with '{place.Group}', and so were {string.Join(' ', others.Select(static o => Short(o.Run)))}");
        }
    }

    // An attempt that waits for a slot has somebody who asks for it.
    private void CheckWasAskedFor(RunState state, RunEvent.AttemptCancelled e)
    {
        var attempt = state[e.Step].Attempts[e.Attempt - 1];
        var key = SimulatedSlots.KeyOf(state.Id, e.Step, attempt);
        world.Check(
            attempt.Status != AttemptStatus.Queued || e.IsRefusedHedge || !world.WasWellFor(attempt.IsHedge ? s_notLong : s_long, attempt.QueuedAt)
                || cluster.Dispatcher.Knows(key),
            $"{key} waited for a slot since {attempt.QueuedAt:HH:mm:ss}, and nobody asked for one");
    }

    // An agent that has answered has not run out of time.
    private void CheckWasHeard(RunState state, RunEvent.AttemptFailed e)
    {
        var attempt = state[e.Step].Attempts[e.Attempt - 1];
        var key = SimulatedSlots.KeyOf(state.Id, e.Step, attempt);
        var answered = cluster.Nodes.Find(n => n.Name == attempt.Node)?.AnsweredAt(key);
        world.Check(
            e.Error.Kind != ErrorKind.Timeout || answered is not { } at || !world.WasWellFor(s_while, at),
            $"{key} has timed out, and its node had the answer since {answered:HH:mm:ss}");
    }

    private void CheckAttempt(
        RunState state, string step, int number, string what, Func<AttemptStatus, bool> from, bool orNew = false)
    {
        var attempts = state[step].Attempts;
        world.Check(
            number <= attempts.Count ? from(attempts[number - 1].Status) : orNew && number == attempts.Count + 1,
            $"attempt {number} of step '{step}' of {state.Id} is {what}, and was " +
            $"{(number <= attempts.Count ? attempts[number - 1].Status : "never begun")}");
    }

    private static string Text(RunEvent e) => e switch
    {
        RunEvent.AttemptQueued x => $"queued {x.Step}/{x.Attempt} ({x.Agent})",
        RunEvent.AttemptStarted x => $"started {x.Step}/{x.Attempt} ({x.Agent} on {x.Node})",
        RunEvent.AttemptSucceeded x => $"succeeded {x.Step}/{x.Attempt}",
        RunEvent.AttemptFailed x => $"failed {x.Step}/{x.Attempt} {x.Error.Code}",
        RunEvent.AttemptLost x => $"lost {x.Step}/{x.Attempt}",
        RunEvent.AttemptCancelled x => $"cancelled {x.Step}/{x.Attempt}",
        _ => e.GetType().Name,
    };

    // Slots are known by it, so that no two runs of a seed may have the same.
    public static string Short(RunId run) => run.Value[^8..];

    private sealed class Kept(Plan plan)
    {
        public Plan Plan { get; } = plan;
        public RunState State { get; } = new(plan);
        public List<byte[]> Records { get; } = [];
    }
}
