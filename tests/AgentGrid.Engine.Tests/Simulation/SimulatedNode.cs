using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Tests.Simulation;

internal enum NodeAnswer
{
    Running,
    Succeeded,
    Failed,
    Cancelled,
    Unknown,

    /// <summary>The connection to it is broken.</summary>
    None,
}

/// <summary>A node: runs what it is asked for, once for each key, and keeps what came of it for whoever asks again.</summary>
internal sealed class SimulatedNode(World world, SimulatedCluster cluster, string name) : Place(name)
{
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Orphaned = TimeSpan.FromSeconds(60);

    private readonly Dictionary<string, Invocation> _byKey = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unwanted = new(StringComparer.Ordinal);

    /// <summary>By which steps may prefer it.</summary>
    public Labels Labels { get; } = Labels.Of(("zone", name[^1] % 2 == 0 ? "even" : "odd"))!;

    /// <summary>The others have declared it dead.</summary>
    public bool IsGone { get; set; }

    public bool IsIdle => _byKey.Values.All(static i => i.Answer is not null);

    public string AgentOf(string key) => _byKey[key].Agent;

    public Isolation? IsolationOf(string key) => _byKey[key].Isolation;

    public string[] Held() => [.. _byKey.Where(static i => i.Value.Answer is null).Select(static i => i.Key)];

    public void Invoke(
        string key, RunId run, string step, int attempt, int losses, string agent, Isolation? isolation,
        Action<NodeAnswer> answer)
    {
        if (!_byKey.TryGetValue(key, out var invocation))
        {
            CheckIsDurable(run, step, attempt, losses, agent);
            world.Note($"{Name} runs {agent} for {key}");
            cluster.Invocations++;
            _byKey.Add(key, invocation = new Invocation(agent, isolation)
            {
                IsPoison = cluster.IsPoison(key),
                IsWanted = () => IsWanted(run, step, attempt, losses),
                Hangs = !world.IsHealed && world.Chance(cluster.HasPoison ? 50 : 15),
                AskedAt = world.Now,
            });
            if (_unwanted.Remove(key))
            {
                invocation.IsCancelled = true;
            }
        }
        Answer(invocation, answer);
    }

    public void Join(string key, Action<NodeAnswer> answer)
    {
        if (_byKey.TryGetValue(key, out var invocation))
        {
            Answer(invocation, answer);
            return;
        }
        answer(NodeAnswer.Unknown);
    }

    public void Cancel(string key)
    {
        if (!_byKey.TryGetValue(key, out var invocation))
        {
            _unwanted.Add(key);
            return;
        }
        invocation.IsCancelled = true;
    }

    /// <summary>Since when it has had what came of a call; null while it has not.</summary>
    public DateTimeOffset? AnsweredAt(string key) => _byKey.GetValueOrDefault(key)?.AnsweredAt;

    /// <summary>One of its invocations goes on: its agent returns, or whoever waits for it is told to ask again.</summary>
    public bool Act()
    {
        foreach (var invocation in _byKey.Values.Where(static i => i.Answer is null && i.Asking.Count == 0))
        {
            invocation.IsCancelled |= world.Now - invocation.AskedAt > Orphaned;
        }
        Invocation[] running = [.. _byKey.Values.Where(static i => i.Answer is null)];
        if (running.Length == 0)
        {
            return false;
        }
        var one = running[world.Random.Next(running.Length)];
        world.Check(
            one.IsCancelled || one.IsWanted(), $"{Name} still runs {one.Agent}, though nobody waits for it and nobody has said so");
        // Rather while others run beside it, which shall not pay for it.
        if (one.IsPoison && world.Chance(running.Length > 1 ? 30 : 10))
        {
            cluster.Poison(this);
            return true;
        }
        if (one.IsCancelled ? world.Chance(70) : !one.Hangs && !one.IsPoison && world.Chance(40))
        {
            one.AnsweredAt = world.Now;
            one.Answer = one.IsCancelled ? NodeAnswer.Cancelled
                : !world.IsHealed && world.Chance(IsIll(one.Agent) ? 90 : 15) ? NodeAnswer.Failed : NodeAnswer.Succeeded;
        }
        var told = one.Asking.Where(a => one.Answer is not null || world.Now - a.At > LongestAnswer).ToList();
        foreach (var asking in told)
        {
            one.Asking.Remove(asking);
            asking.Answer(one.Answer ?? NodeAnswer.Running);
        }
        one.AskedAt = one.Asking.Count + told.Count > 0 ? world.Now : one.AskedAt;
        return one.Answer is not null || told.Count > 0;
    }

    // There is something wrong with the node for one of the agents: a GPU, a file that is missing.
    private bool IsIll(string agent) => agent[^1] % 3 == Name[^1] % 3;

    /// <summary>The process is dead, and with it what it ran.</summary>
    public void Die()
    {
        (IsDead, IsGone) = (true, true);
        var asking = _byKey.Values.SelectMany(static i => i.Asking).ToArray();
        _byKey.Clear();
        Array.ForEach(asking, static a => a.Answer(NodeAnswer.None));
    }

    // No agent is asked before the store has it: whoever drives the run next must know where to look for it.
    private void CheckIsDurable(RunId run, string step, int attempt, int losses, string agent)
    {
        var attempts = cluster.Store[run][step].Attempts;
        var kept = attempt <= attempts.Count ? attempts[attempt - 1] : null;
        world.Check(
            kept is not null && kept.Agent == agent
                && (kept.Losses > losses || (kept.Losses == losses && kept.Status != AttemptStatus.Queued)),
            $"{Name} was asked to run {agent} for attempt {attempt} of step '{step}' of {run}, of which the store says: " +
            $"{kept?.Agent ?? "nothing"}, {kept?.Status}, lost {kept?.Losses} times");
    }

    // Whoever has ended an attempt tells its node, and does so at once.
    private bool IsWanted(RunId run, string step, int attempt, int losses)
    {
        var kept = cluster.Store[run][step].Attempts[attempt - 1];
        return kept.Losses != losses || kept.EndedAt is not { } ended || !world.WasWellFor(TimeSpan.FromSeconds(5), ended);
    }

    private void Answer(Invocation invocation, Action<NodeAnswer> answer)
    {
        if (invocation.Answer is { } known)
        {
            answer(known);
        }
        else
        {
            invocation.Asking.Add((answer, world.Now));
        }
    }

    private sealed class Invocation(string agent, Isolation? isolation)
    {
        public string Agent { get; } = agent;
        public Isolation? Isolation { get; } = isolation;
        public bool IsPoison { get; init; }
        public List<(Action<NodeAnswer> Answer, DateTimeOffset At)> Asking { get; } = [];
        public DateTimeOffset AskedAt { get; set; }
        public bool Hangs { get; init; }
        public required Func<bool> IsWanted { get; init; }
        public DateTimeOffset? AnsweredAt { get; set; }
        public bool IsCancelled { get; set; }
        public NodeAnswer? Answer { get; set; }
    }
}
