using System.Collections.Concurrent;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance.Cast;

/// <summary>
/// What the agents of one test do, and what was asked of them. The agents find the script by the match id's
/// beginning, so that tests run beside each other and an engine may make agents as it likes.
/// </summary>
public sealed class Script : IDisposable
{
    private static readonly ConcurrentDictionary<string, Script> Playing = new(StringComparer.Ordinal);
    private static int _scripts;

    private readonly ConcurrentDictionary<string, Func<Call, ValueTask<Json>>> _plays = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Gate> _gates = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly List<Call> _calls = [];
    private readonly List<(Func<IReadOnlyList<Call>, bool> Until, TaskCompletionSource Reached)> _watchers = [];
    private readonly Dictionary<string, int> _running = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _peak = new(StringComparer.Ordinal);
    private int _matches;

    public Script()
    {
        Id = $"script{Interlocked.Increment(ref _scripts)}";
        Playing[Id] = this;
    }

    public string Id { get; }

    /// <summary>A match id that leads to this script and was not used before.</summary>
    public string NewMatch() => $"{Id}:{Interlocked.Increment(ref _matches)}";

    /// <summary>Says what an agent does. Without a word it answers with its name, step and attempt.</summary>
    public void On(string agent, Func<Call, ValueTask<Json>> play) => _plays[agent] = play;

    /// <summary>Every invocation so far, of one agent or of all, in the order of their starts.</summary>
    public IReadOnlyList<Call> Calls(string? agent = null)
    {
        lock (_lock)
        {
            return [.. _calls.Where(c => agent is null || c.Agent == agent)];
        }
    }

    /// <summary>Waits until an agent was invoked this often, and returns the last of those calls.</summary>
    public async Task<Call> StartedAsync(string agent, int count = 1)
    {
        await CalledAsync(calls => calls.Count(c => c.Agent == agent) >= count, $"{count} calls of '{agent}'");
        return Calls(agent)[count - 1];
    }

    /// <summary>Waits until the invocations are as described.</summary>
    public async Task CalledAsync(Func<IReadOnlyList<Call>, bool> until, string what)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (until(_calls))
            {
                return;
            }
            _watchers.Add((until, reached));
        }
        await Limits.WithinAsync(reached.Task, () => $"{what}; there were: {string.Join(", ", Calls())}");
    }

    public Gate Gate(string name = "gate") => _gates.GetOrAdd(name, _ => new Gate());

    /// <summary>The most invocations that ran at the same time, of these agents together.</summary>
    public int Peak(params string[] agents)
    {
        lock (_lock)
        {
            return _peak.GetValueOrDefault(string.Join('+', agents));
        }
    }

    /// <summary>Measures <see cref="Peak"/> of several agents together from now on.</summary>
    public void Measure(params string[] agents)
    {
        lock (_lock)
        {
            _peak[string.Join('+', agents)] = 0;
        }
    }

    /// <summary>Lets go of everything that still waits, so that a failed test leaves nothing running.</summary>
    public void Dispose()
    {
        Playing.TryRemove(Id, out _);
        foreach (var gate in _gates.Values)
        {
            gate.Open();
        }
    }

    internal static ValueTask<Json> PlayAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        // Runs that others have started have keys of their own: these hand on the name of the script.
        var id = invocation.Key.MatchId.StartsWith(ParentRun.KeyPrefix, StringComparison.Ordinal)
            ? invocation.Input.Element.GetProperty("script").GetString()!
            : invocation.Key.MatchId.Split(':')[0];
        return Playing.TryGetValue(id, out var script)
            ? script.EnterAsync(invocation, cancellationToken)
            : throw new AgentException("no_script", $"No script '{id}' is playing.", retryable: false);
    }

    private ValueTask<Json> EnterAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        Call call;
        lock (_lock)
        {
            call = new Call(this, invocation, _calls.Count(c => c.Agent == invocation.Agent) + 1, cancellationToken);
            _calls.Add(call);
            Count(call.Agent, +1);
            _watchers.RemoveAll(w => w.Until(_calls) && w.Reached.TrySetResult());
        }
        if (!_plays.TryGetValue(call.Agent, out var play))
        {
            play = static c => new(c.Answer());
        }
        try
        {
            var playing = play(call);
            if (!playing.IsCompleted)
            {
                return FinishAsync(call, playing);
            }
            Leave(call);
            return playing;
        }
        catch
        {
            Leave(call);
            throw;
        }
    }

    private async ValueTask<Json> FinishAsync(Call call, ValueTask<Json> playing)
    {
        try
        {
            return await playing;
        }
        finally
        {
            Leave(call);
        }
    }

    private void Leave(Call call)
    {
        lock (_lock)
        {
            Count(call.Agent, -1);
        }
        call.End();
    }

    private void Count(string agent, int change)
    {
        _running[agent] = _running.GetValueOrDefault(agent) + change;
        _peak.TryAdd(agent, 0);
        foreach (var group in _peak.Keys.ToArray())
        {
            var together = group.Split('+').Sum(name => _running.GetValueOrDefault(name));
            _peak[group] = Math.Max(_peak[group], together);
        }
    }
}
