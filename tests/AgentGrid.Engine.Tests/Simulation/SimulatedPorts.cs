using System.Collections.Immutable;
using System.Diagnostics;
using AgentGrid.Core.Placement;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;
using AgentGrid.Runtime.Driving;

namespace AgentGrid.Engine.Tests.Simulation;

/// <summary>A run in the store, which others may write too.</summary>
internal sealed class SimulatedJournal(World world, SimulatedSilo silo, RunId run) : IRunJournal
{
    private readonly SimulatedStore _store = silo.Cluster.Store;

    public bool RunsAhead => false;

    public void Append(RunDriver driver, RunState state, RunEvent[] events, Action<TurnOutcome>? completed)
    {
        var version = state.Version - events.Length;
        var (answered, isKept) = (false, false);
        void Tell(TurnOutcome outcome)
        {
            if (!answered)
            {
                answered = true;
                completed!(outcome);
            }
        }
        void Try()
        {
            if (driver.IsStopping)
            {
                Tell(TurnOutcome.Failed);
                return;
            }
            silo.Send($"a turn of {SimulatedStore.Short(run)}", _store, Keep, Again);
            if (world.Errs(Mistake.AnswersBeforeItIsKept))
            {
                Tell(TurnOutcome.Kept);
            }
        }
        void Keep()
        {
            if (isKept && world.Mistake == Mistake.WritesTurnsTwice)
            {
                _store.Keep(run, events);
            }
            var outcome = _store.Append(run, version, events);
            isKept |= outcome == TurnOutcome.Kept;
            silo.Answer(
                $"a turn of {SimulatedStore.Short(run)} is {outcome}",
                () => Tell(world.Mistake == Mistake.TakesConflictsForKept ? TurnOutcome.Kept : outcome),
                world.Mistake == Mistake.GivesUpTurns ? null : Again);
        }
        void Again()
        {
            if (!answered)
            {
                Try();
            }
        }
        Try();
    }

    public ValueTask<RunState?> ReplayAsync(RunDriver driver)
    {
        var read = new TaskCompletionSource<RunState?>();
        void Try() => silo.Send($"{SimulatedStore.Short(run)} is read", _store, () =>
        {
            var state = _store.Replay(run);
            silo.Answer($"{SimulatedStore.Short(run)} as it is kept", () => read.TrySetResult(state), Try);
        }, Try);
        Try();
        return new ValueTask<RunState?>(read.Task);
    }

    public void Close(RunDriver driver) => silo.Forget(driver);
}

/// <summary>Slots that the dispatcher grants.</summary>
internal sealed class SimulatedSlots(World world, SimulatedSilo silo) : ISlotSource
{
    private Dictionary<string, AgentLoad> _loads = Loads(silo);

    public bool Refresh(RunDriver driver)
    {
        if (world.Chance(50))
        {
            _loads = Loads(silo);
            return false;
        }
        var goesOn = false;
        void GoOn()
        {
            if (!goesOn)
            {
                goesOn = true;
                driver.Continue();
            }
        }
        silo.Answer("the loads", () =>
        {
            _loads = goesOn ? _loads : Loads(silo);
            GoOn();
        }, GoOn);
        return true;
    }

    public IReadOnlyList<AgentLoad> Offering(ImmutableArray<string> capabilities) =>
        [.. _loads.Values.Where(a => a.Agent.Capabilities.Any(c => capabilities.Contains(c)))];

    public AgentLoad? Named(string agent) => _loads.GetValueOrDefault(agent);

    public IHeldSlot? TryTake(string agent) => null;

    public IPendingSlot Ask(OpenAttempt attempt)
    {
        var pending = new Pending(attempt, KeyOf(attempt));
        Ask(pending);
        return pending;
    }

    public bool AwaitGrants(RunDriver driver)
    {
        if (world.Chance(70))
        {
            return false;
        }
        silo.After(0.005, driver.Continue);
        return true;
    }

    public void Withdraw(IPendingSlot pending)
    {
        var slot = (Pending)pending;
        slot.IsWithdrawn = true;
        Release(slot.Key);
    }

    public void Release(IHeldSlot slot) => Release(((Held)slot).Key);

    public void Forget(IPendingSlot pending) => ((Pending)pending).IsForgotten = true;

    public void Forget(IHeldSlot slot)
    {
    }

    public static string KeyOf(OpenAttempt attempt) => KeyOf(attempt.Run.Id, attempt.Step.Id, attempt.State);

    public static string KeyOf(RunId run, string step, AttemptState attempt) =>
        $"{SimulatedStore.Short(run)}/{step}/{attempt.Number}#{attempt.Losses}";

    private void Release(string key) => silo.Send(
        $"{key} is given back", silo.Cluster.Dispatcher, () => silo.Cluster.Dispatcher.Release(key));

    private void Ask(Pending pending)
    {
        if (pending.IsUnheard)
        {
            return;
        }
        var key = pending.Key;
        silo.Send($"a slot for {key}", silo.Cluster.Dispatcher, () => silo.Cluster.Dispatcher.Ask(
            key, pending.Agent, granted => silo.Answer(
                $"a slot for {key} on {granted?.Node ?? "no node"}", () => Answered(pending, granted),
                world.Mistake == Mistake.GivesUpSlots ? null : () => Ask(pending))), () => Ask(pending));
    }

    private void Answered(Pending pending, (string Node, string Agent)? granted)
    {
        if (pending.IsWithdrawn)
        {
            Release(pending.Key);
        }
        else if (granted is null)
        {
            Ask(pending);
        }
        else if (!pending.IsUnheard)
        {
            world.Check(
                granted.Value.Agent == pending.Agent,
                $"{pending.Key} of {pending.Agent} was given a slot of {granted.Value.Agent}");
            var slot = new Held(pending.Key, granted.Value.Node);
            pending.Attempt.Grant(slot);
            if (world.Chance(5))
            {
                silo.Answer($"{pending.Key} once more", () => pending.Attempt.Grant(slot));
            }
        }
    }

    private static Dictionary<string, AgentLoad> Loads(SimulatedSilo silo) =>
        silo.Cluster.Agents.Keys.ToDictionary(a => a, silo.Cluster.Dispatcher.LoadOf);

    private sealed class Pending(OpenAttempt attempt, string key) : IPendingSlot
    {
        public OpenAttempt Attempt { get; } = attempt;
        public string Key { get; } = key;
        public string Agent { get; } = attempt.State.Agent;
        public bool IsWithdrawn { get; set; }
        public bool IsForgotten { get; set; }
        public bool IsUnheard => IsWithdrawn || IsForgotten || Attempt.Driver.IsStopping;
    }

    private sealed record Held(string Key, string Node) : IHeldSlot
    {
        public Placement? Choice => null;
    }
}

/// <summary>Asks agents on the nodes.</summary>
internal sealed class SimulatedCaller(World world, SimulatedSilo silo) : IAgentCaller
{
    public IPendingCall Begin(AgentCallRequest request)
    {
        var call = new Call(request.Attempt);
        Ask(call, join: false);
        return call;
    }

    public IPendingCall? Join(OpenAttempt attempt)
    {
        var call = new Call(attempt);
        Ask(call, join: true);
        return call;
    }

    public void Cancel(IPendingCall call, ActivityContext inFavourOf)
    {
        var one = (Call)call;
        one.IsCancelled = true;
        if (!one.HasReturned && world.Mistake != Mistake.ForgetsCancellations)
        {
            Cancel(one);
        }
    }

    public void Forget(IPendingCall call) => ((Call)call).IsForgotten = true;

    private void Cancel(Call call)
    {
        if (!call.HasReturned && !call.IsUnheard && NodeOf(call) is { IsGone: false } node)
        {
            silo.Send($"{call.Key} is cancelled", node, () => node.Cancel(call.Key), () => Cancel(call));
        }
    }

    private void Ask(Call call, bool join)
    {
        if (call.IsUnheard && join)
        {
            return;
        }
        if (NodeOf(call) is not { IsGone: false } node)
        {
            Lose(call, $"node '{call.Node}' is gone");
            return;
        }
        void Answered(NodeAnswer answer) => silo.Answer(
            $"{call.Key} is {answer}", () => Heed(call, join, answer),
            world.Mistake == Mistake.GivesUpCalls ? null : () => Ask(call, join));
        var (run, step) = (call.Attempt.Run.Id, call.Attempt.Step.Id);
        silo.Send(
            $"{call.Key} is {(join ? "joined" : "invoked")}", node,
            () =>
            {
                if (join)
                {
                    node.Join(call.Key, Answered);
                }
                else
                {
                    node.Invoke(call.Key, run, step, call.Number, call.Losses, call.Agent, Answered);
                }
            }, () => Ask(call, join));
    }

    private void Heed(Call call, bool join, NodeAnswer answer)
    {
        switch (answer)
        {
            case NodeAnswer.Running: Ask(call, join: true); break;
            case NodeAnswer.Unknown when join: Lose(call, "its node does not know it"); break;
            case NodeAnswer.Unknown: Ask(call, join: false); break;
            case NodeAnswer.Cancelled: Lose(call, "its node has cancelled it"); break;
            case NodeAnswer.Succeeded:
                Return(call, new RunInput.CompleteAttempt(
                    call.Attempt.Step.Id, call.Number, Json.Parse($$"""{"from":"{{call.Key}}"}""")));
                break;
            case NodeAnswer.Failed:
                Return(call, new RunInput.FailAttempt(call.Attempt.Step.Id, call.Number, new RunError(
                    ErrorKind.Error, "error", "simulated", Retryable: world.Chance(70))));
                break;
            default: throw new ArgumentOutOfRangeException(nameof(answer), answer, "unknown answer");
        }
    }

    private void Lose(Call call, string reason)
    {
        if (!call.IsCancelled)
        {
            Return(call, new RunInput.LoseAttempt(call.Attempt.Step.Id, call.Number, reason));
        }
    }

    private static void Return(Call call, RunInput outcome)
    {
        call.HasReturned = true;
        if (!call.IsUnheard)
        {
            _ = call.Attempt.Driver.AskAsync(outcome);
        }
    }

    private SimulatedNode NodeOf(Call call) => silo.Cluster.Nodes.Single(n => n.Name == call.Node);

    private sealed class Call(OpenAttempt attempt) : IPendingCall
    {
        public OpenAttempt Attempt { get; } = attempt;
        public string Key { get; } = SimulatedSlots.KeyOf(attempt);
        public string Node { get; } = attempt.State.Node!;
        public string Agent { get; } = attempt.State.Agent;
        public int Number { get; } = attempt.State.Number;
        public int Losses { get; } = attempt.State.Losses;
        public Activity? Span => null;
        public bool HasReturned { get; set; }
        public bool IsCancelled { get; set; }
        public bool IsForgotten { get; set; }
        public bool IsUnheard => IsForgotten || Attempt.Driver.IsStopping;
    }
}

/// <summary>The places that the dispatcher gives to runs.</summary>
internal sealed class SimulatedQueue(SimulatedSilo silo) : IRunQueue
{
    private readonly SimulatedDispatcher _dispatcher = silo.Cluster.Dispatcher;

    public void Enter(RunDriver run)
    {
        if (!run.IsQueued)
        {
            return;
        }
        silo.Send(
            $"{SimulatedStore.Short(run.Id)} wants a place", _dispatcher,
            () => _dispatcher.Enter(run.Id, has => silo.Answer(
                $"{SimulatedStore.Short(run.Id)} has a place: {has}", () => Answered(run, has), () => Enter(run))),
            () => Enter(run));
    }

    public void Reenter(RunDriver run)
    {
    }

    public void Leave(RunDriver run) => silo.Send(
        $"{SimulatedStore.Short(run.Id)} wants no place any more", _dispatcher, () => _dispatcher.Leave(run.Id));

    private void Answered(RunDriver run, bool has)
    {
        if (!has)
        {
            Enter(run);
        }
        else if (run.IsStopping && run.Summary.Status.IsEnded())
        {
            Leave(run);
        }
        else
        {
            run.Post(RunInput.StartRun.Instance);
        }
    }
}
