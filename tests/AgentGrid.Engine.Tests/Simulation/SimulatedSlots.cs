using System.Collections.Immutable;
using AgentGrid.Core.Placement;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;

namespace AgentGrid.Engine.Tests.Simulation;

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

    public IHeldSlot? TryTake(string agent, HedgedStep? hedged) => null;

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

    public void Report(string agent, string? node, bool hasFailed) => silo.Send(
        $"{agent} on {node} has {(hasFailed ? "failed" : "succeeded")}", silo.Cluster.Dispatcher,
        () => silo.Cluster.Dispatcher.Report(agent, node!, hasFailed));

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
            key, pending.Agent, pending.Isolation, pending.Hedged, pending.Prefer, granted => silo.Answer(
                $"a slot for {key} on {granted?.Node ?? "no node"}", () => Answered(pending, granted),
                world.Mistake == Mistake.GivesUpSlots ? null : () => Ask(pending)),
            () => silo.Answer($"{pending.Agent} is drained", pending.Attempt.HearOfDrain),
            reason => silo.Answer($"{key} is refused", () => Refused(pending, reason), () => Ask(pending))), () => Ask(pending));
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

    private void Refused(Pending pending, string reason)
    {
        if (!pending.IsUnheard && world.Mistake != Mistake.ForgetsRefusals)
        {
            silo.Cluster.Refusals++;
            pending.Attempt.HearOfRefusal(reason);
        }
    }

    private static Dictionary<string, AgentLoad> Loads(SimulatedSilo silo) =>
        silo.Cluster.Agents.Keys.ToDictionary(a => a, silo.Cluster.Dispatcher.LoadOf);

    private sealed class Pending(OpenAttempt attempt, string key) : IPendingSlot
    {
        public OpenAttempt Attempt { get; } = attempt;
        public string Key { get; } = key;
        public string Agent { get; } = attempt.State.Agent;
        public Isolation? Isolation { get; } = Core.Runs.Isolation.Of(attempt.State);
        public HedgedStep? Hedged { get; } = attempt.Hedged;
        public LabelPreference? Prefer { get; } = attempt.Prefer;
        public bool IsWithdrawn { get; set; }
        public bool IsForgotten { get; set; }
        public bool IsUnheard => IsWithdrawn || IsForgotten || Attempt.Driver.IsStopping;
    }

    private sealed record Held(string Key, string Node) : IHeldSlot
    {
        public PlacementDecision? Choice => null;
    }
}
