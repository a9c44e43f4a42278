using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Simulation.Clock;

namespace AgentGrid.Embedded.Tests.Simulation;

/// <summary>The agents of one process. What an invocation does is drawn when it begins.</summary>
internal sealed class SimulatedAgents(SimulationSettings settings, Random random, SimulatedClock clock, TimeSpan grace)
{
    public const int MaxOutputBytes = 12 * 1024 * 1024;

    public static readonly AgentCatalog Catalog = AgentCatalog.Of(
        typeof(Agent0), typeof(Agent1), typeof(Agent2), typeof(Agent3));

    /// <summary>How many tokens agent1 may use a minute, and is expected to use in an attempt.</summary>
    public const int Tokens = 2_000;
    public const int Estimate = 200;

    // Between the grant of a slot and the call that it is for.
    private const double SecondsOnTheWay = 2;

    private readonly List<Call> _calls = [];
    private readonly List<(AgentInvocation Invocation, TimeSpan At)> _limited = [];

    /// <summary>Told of every invocation before it begins.</summary>
    public required Action<AgentInvocation> Invoked { get; init; }

    /// <summary>Told of every invocation that returns.</summary>
    public required Action<AgentInvocation, string> Returned { get; init; }

    /// <summary>Whether an invocation ends its process.</summary>
    public required Func<AgentInvocation, bool> IsPoison { get; init; }

    /// <summary>One has.</summary>
    public bool HasEndedTheProcess { get; private set; }

    /// <summary>From now on all agents do their work.</summary>
    public bool Healed { get; set; }

    public IEnumerable<AgentInvocation> Running => _calls.Select(c => c.Invocation);

    /// <summary>When the next call does something by itself; null when none will.</summary>
    public TimeSpan? NextDue => _calls.Count == 0 ? null : _calls.Min(c => c.Due);

    public IAgent Create(AgentDeclaration agent) => new Actor(this, agent.Name);

    /// <summary>How many calls of an agent hold a slot: those given up on do so for the grace period only.</summary>
    public int Holding(Func<string, bool> agents) => _calls.Count(c =>
        agents(c.Invocation.Agent) && !(c.CancelledAt is { } at && clock.Now >= at + grace));

    /// <summary>Notes which calls have been cancelled since the last look.</summary>
    public IReadOnlyList<AgentInvocation> LookAtTokens()
    {
        List<AgentInvocation> cancelled = [];
        foreach (var call in _calls)
        {
            if (call.CancelledAt is null && call.Token.IsCancellationRequested)
            {
                call.CancelledAt = clock.Now;
                cancelled.Add(call.Invocation);
                if (call.Behaviour == Behaviour.Heeds)
                {
                    call.Due = clock.Now + TimeSpan.FromMilliseconds(random.Next(3) * random.Next(500));
                }
            }
        }
        return cancelled;
    }

    /// <summary>Lets one of the calls whose time has come return, or report progress.</summary>
    /// <returns>False when there is none.</returns>
    public bool ActOne()
    {
        var due = _calls.Where(c => c.Due <= clock.Now).ToList();
        if (due.Count == 0)
        {
            return false;
        }
        var call = due[random.Next(due.Count)];
        if (call.Reports-- > 0)
        {
            call.Invocation.Progress.Report(random.NextDouble() * 3 - 1, random.Next(2) == 0 ? "on it" : null);
            call.Due = clock.Now + TimeSpan.FromMilliseconds(random.Next(300));
            return true;
        }
        _calls.Remove(call);
        if (call.Behaviour == Behaviour.Kills)
        {
            HasEndedTheProcess = true;
            return true;
        }
        Finish(call);
        return true;
    }

    /// <summary>
    /// In any time no more is used than the limit has and what flows in within that time: of attempts that say nothing, what is expected.
    /// </summary>
    public string? TokensOverLimit()
    {
        var used = 0d;
        foreach (var (invocation, at) in Enumerable.Reverse(_limited))
        {
            used += invocation.Tokens ?? Estimate;
            var most = Tokens + (((clock.Now - at).TotalSeconds + SecondsOnTheWay) * Tokens / 60);
            if (used > most)
            {
                return $"{used} tokens are used in {(clock.Now - at).TotalSeconds} s";
            }
        }
        return null;
    }

    private void Report(AgentInvocation invocation)
    {
        if (random.Next(4) > 0)
        {
            invocation.ReportUsage(random.Next(Estimate + 1));
        }
    }

    private void Finish(Call call)
    {
        Report(call.Invocation);
        if (call.Behaviour == Behaviour.Heeds && call.Token.IsCancellationRequested)
        {
            Returned(call.Invocation, "heeds its cancellation");
            call.Source.SetException(new OperationCanceledException(call.Token));
            return;
        }
        var (what, answer, failure) = Answer(call.Behaviour);
        Returned(call.Invocation, what);
        if (failure is null)
        {
            call.Source.SetResult(answer!);
        }
        else
        {
            call.Source.SetException(failure);
        }
    }

    private (string What, Json? Answer, Exception? Failure) Answer(Behaviour behaviour) => behaviour switch
    {
        Behaviour.Refuses => ("refuses", null, new AgentException("refused", "no", retryable: random.Next(3) > 0)),
        Behaviour.Throws => ("throws", null, new InvalidOperationException("broken")),
        Behaviour.CancelsItself => ("cancels itself", null, new OperationCanceledException("of its own accord")),
        Behaviour.Garbage => Garbage(),
        Behaviour.Large => ("returns 10 MB", Text(10 * 1024 * 1024), null),
        _ => ("succeeds", Json.Parse($$"""{"n":{{random.Next(10)}}}"""), null),
    };

    private (string, Json?, Exception?) Garbage() => random.Next(4) switch
    {
        0 => ("returns null", null, null),
        1 => ("returns what is no JSON", Json.Trusted("{\"a\": ["u8.ToArray()), null),
        2 => ("returns deep nesting", Json.Trusted(new byte[100].Select(_ => (byte)'[').ToArray()), null),
        _ => ("returns bytes", Json.Trusted(new byte[] { 0xff, 0xfe, 0 }), null),
    };

    private static Json Text(int length) => Json.Trusted(
        new byte[length].Select((_, i) => (byte)(i == 0 || i == length - 1 ? '"' : 'x')).ToArray());

    private ValueTask<Json> Invoke(AgentInvocation invocation, CancellationToken token)
    {
        if (invocation.Agent == "agent1")
        {
            _limited.Add((invocation, clock.Now));
        }
        Invoked(invocation);
        if (IsPoison(invocation))
        {
            _calls.Add(new Call(invocation, token, Behaviour.Kills)
            {
                Due = clock.Now + TimeSpan.FromMilliseconds(random.Next(2) * random.Next(500)),
            });
            return new ValueTask<Json>(new TaskCompletionSource<Json>().Task);
        }
        var behaviour = Healed || !settings.BadAgents || random.Next(3) == 0 ? Behaviour.Works : Draw();
        if (random.Next(8) == 0 && behaviour is Behaviour.Works or Behaviour.Refuses or Behaviour.Throws)
        {
            var (what, answer, failure) = Answer(behaviour);
            Report(invocation);
            Returned(invocation, what + " at once");
            return failure is null ? ValueTask.FromResult(answer!) : throw failure;
        }
        var call = new Call(invocation, token, behaviour)
        {
            Reports = random.Next(5) == 0 ? random.Next(1, 4) : 0,
            Due = behaviour switch
            {
                Behaviour.Hangs => TimeSpan.MaxValue,
                Behaviour.Heeds => TimeSpan.MaxValue,
                Behaviour.Slow or Behaviour.Ignores => clock.Now + TimeSpan.FromSeconds(random.Next(1, 40)),
                _ => clock.Now + TimeSpan.FromMilliseconds(random.Next(3) * random.Next(1_000)),
            },
        };
        _calls.Add(call);
        return new ValueTask<Json>(call.Source.Task);
    }

    private Behaviour Draw()
    {
        var behaviour = (Behaviour)random.Next((int)Behaviour.Large + 1);
        return behaviour == Behaviour.Large && (!settings.LargeOutputs || random.Next(10) > 0)
            ? Behaviour.Throws
            : behaviour;
    }

    private enum Behaviour
    {
        Works,
        Slow,
        Refuses,
        Throws,
        CancelsItself,
        Hangs,
        Heeds,
        Ignores,
        Garbage,
        Large,
        Kills,
    }

    private sealed class Call(AgentInvocation invocation, CancellationToken token, Behaviour behaviour)
    {
        public AgentInvocation Invocation { get; } = invocation;
        public CancellationToken Token { get; } = token;
        public Behaviour Behaviour { get; } = behaviour;
        public TaskCompletionSource<Json> Source { get; } = new();
        public TimeSpan Due { get; set; }
        public TimeSpan? CancelledAt { get; set; }
        public int Reports { get; set; }
    }

    private sealed class Actor(SimulatedAgents agents, string name) : IAgent
    {
        public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken) =>
            invocation.Agent == name
                ? agents.Invoke(invocation, cancellationToken)
                : throw new InvalidOperationException($"'{name}' was asked for '{invocation.Agent}'.");
    }

    private abstract class Declared : IAgent
    {
        public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("Only its declaration is used.");
    }

    [Agent("agent0", Capabilities = ["work"])]
    private sealed class Agent0 : Declared;

    [Agent("agent1", Capabilities = ["work"])]
    private sealed class Agent1 : Declared;

    [Agent("agent2", Capabilities = ["work"])]
    private sealed class Agent2 : Declared;

    [Agent("agent3", Capabilities = ["other"])]
    private sealed class Agent3 : Declared;
}
