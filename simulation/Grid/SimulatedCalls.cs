using System.Diagnostics;
using AgentGrid.Core;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Slots;
using AgentGrid.Simulation.Clock;

namespace AgentGrid.Simulation.Grid;

/// <summary>
/// What runs on the nodes. It goes on when the process is dead that has asked for it, unless that is the only node, and who
/// drives the run next joins it. One that is cancelled gives its slot back at once.
/// </summary>
internal sealed class SimulatedCalls(SimulationSetup setup, SimulatedTime time) : IAgentCaller
{
    private readonly Dictionary<(RunId Run, string Step, int Attempt, int Losses), Call> _running = [];

    // What came of attempts while nobody was there to hear it.
    private readonly Dictionary<(RunId Run, string Step, int Attempt, int Losses), (string Node, SimulatedAnswer Answer)> _unheard = [];

    /// <summary>The slots of all nodes as they are now.</summary>
    public required Func<SlotTable> Table { get; init; }

    /// <summary>Told when more runs than a limit lets: the node, and which limit; null for nobody.</summary>
    public Action<string, string>? LimitBroken { get; set; }

    public IPendingCall Begin(AgentCallRequest request)
    {
        var call = new Call(request.Attempt, SimulatedSlots.Use(request.Slot));
        _running.Add(call.Key, call);
        CheckLimits(call);
        var answer = setup.Agents.Ask(request.Attempt);
        if (answer.After is { } after)
        {
            call.Timer = time.After(after, () => End(call, answer));
        }
        return call;
    }

    public IPendingCall? Join(OpenAttempt attempt)
    {
        if (_running.TryGetValue(KeyOf(attempt), out var call) && call.Node == attempt.State.Node)
        {
            call.Attempt = attempt;
            return call;
        }
        if (_unheard.Remove(KeyOf(attempt), out var known) && known.Node == attempt.State.Node)
        {
            Tell(attempt, known.Answer);
            return null;
        }
        Lose(attempt, setup.IsOneProcess ? "the process was restarted" : $"node '{attempt.State.Node}' does not know it");
        return null;
    }

    public void Cancel(IPendingCall call, ActivityContext inFavourOf) => Drop((Call)call);

    // Whoever drives the run next joins it.
    public void Forget(IPendingCall call)
    {
    }

    /// <summary>A node is dead, and what ran there is lost; those who wait for it are told when that is noticed.</summary>
    public void Lose(string node)
    {
        foreach (var (key, _) in _unheard.Where(u => u.Value.Node == node).ToArray())
        {
            _unheard.Remove(key);
        }
        foreach (var call in _running.Values.Where(c => c.Node == node).ToArray())
        {
            Drop(call);
            time.After(setup.NoticedAfter, () => Lose(call.Attempt, $"node '{node}' is gone"));
        }
    }

    /// <summary>All that runs is lost with the only process.</summary>
    public void Stop()
    {
        foreach (var call in _running.Values)
        {
            call.Timer?.Dispose();
        }
        _running.Clear();
        _unheard.Clear();
    }

    private void End(Call call, SimulatedAnswer answer)
    {
        if (answer.Tokens is { } tokens && _running.ContainsKey(call.Key))
        {
            Table().Settle(call.Slot, tokens);
        }
        // As in the engines: where one process has the slots, what follows in the run may go before all that wait for this one.
        var owes = setup.IsOneProcess && _running.Remove(call.Key) && Table().Free(call.Slot);
        Drop(call);
        if (!Tell(call.Attempt, answer, owes))
        {
            _unheard[call.Key] = (call.Node, answer);
            if (owes)
            {
                Table().Serve();
            }
        }
    }

    private static bool Tell(OpenAttempt attempt, SimulatedAnswer answer, bool owes = false)
    {
        var (step, number) = (attempt.Step.Id, attempt.State.Number);
        RunInput told = answer.Error is { } error
            ? new RunInput.FailAttempt(step, number, error) { Tokens = answer.Tokens }
            : new RunInput.CompleteAttempt(step, number, answer.Output ?? Json.EmptyObject) { Tokens = answer.Tokens };
        return owes ? attempt.Driver.PostAndServe(told) : attempt.Driver.Post(told);
    }

    private void Drop(Call call)
    {
        call.Timer?.Dispose();
        if (_running.Remove(call.Key))
        {
            Table().Release(call.Slot);
        }
    }

    // Counted here once more, by what runs, and not by what the table says.
    private void CheckLimits(Call call)
    {
        if (LimitBroken is null)
        {
            return;
        }
        var agent = setup.Config.Agents[call.Slot.AgentName];
        var here = _running.Values.Where(c => c.Node == call.Node).ToArray();
        if (here.Count(c => c.Slot.AgentName == agent.Name) > agent.MaxConcurrency)
        {
            LimitBroken(call.Node, $"agent '{agent.Name}' runs more than its max_concurrency of {agent.MaxConcurrency}");
        }
        if (setup.Config.Queues.GetValueOrDefault(agent.Queue)?.Slots is { } slots
            && here.Count(c => setup.Config.Agents[c.Slot.AgentName].Queue == agent.Queue) > slots)
        {
            LimitBroken(call.Node, $"queue '{agent.Queue}' has more attempts than its {slots} slots");
        }
        if (agent.MaxConcurrencyTotal is { } total && _running.Values.Count(c => c.Slot.AgentName == agent.Name) > total)
        {
            LimitBroken(call.Node, $"agent '{agent.Name}' runs more than its max_concurrency_total of {total}");
        }
    }

    private static void Lose(OpenAttempt attempt, string reason) =>
        attempt.Driver.Post(new RunInput.LoseAttempt(attempt.Step.Id, attempt.State.Number, reason));

    private static (RunId, string, int, int) KeyOf(OpenAttempt attempt) =>
        (attempt.Run.Id, attempt.Step.Id, attempt.State.Number, attempt.State.Losses);

    private sealed class Call(OpenAttempt attempt, TakenSlot slot) : IPendingCall
    {
        public (RunId, string, int, int) Key { get; } = KeyOf(attempt);
        public OpenAttempt Attempt { get; set; } = attempt;
        public TakenSlot Slot { get; } = slot;
        public string Node => Slot.Node;
        public ITimer? Timer { get; set; }
        public Activity? Span => null;
    }
}
