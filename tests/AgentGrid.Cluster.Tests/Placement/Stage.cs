using System.Collections.Concurrent;
using AgentGrid.Core.Agents;

namespace AgentGrid.Cluster.Tests.Placement;

/// <summary>
/// What one test sees of its agents: which attempts run on which node at the same time, and what they occupy there.
/// Match ids begin with the stage's name.
/// </summary>
internal sealed class Stage : IDisposable
{
    private static readonly ConcurrentDictionary<string, Stage> s_all = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (string Agent, string Node, TaskCompletionSource Leave)> _running = [];
    private readonly Dictionary<string, long> _most = [];
    private readonly HashSet<(string Node, string Agents)> _together = [];

    public Stage() => s_all[Name] = this;

    public string Name { get; } = $"s{Guid.NewGuid():N}";

    /// <summary>Attempts stay until they are told to leave; else they stay for a moment.</summary>
    public bool Holds { get; set; }

    /// <summary>A node on which all attempts fail; null for none.</summary>
    public string? BrokenOn { get; set; }

    /// <summary>The runs whose attempts run now, with their nodes.</summary>
    public Dictionary<string, string> Running
    {
        get
        {
            lock (_gate)
            {
                return _running.ToDictionary(r => r.Key, r => r.Value.Node);
            }
        }
    }

    /// <summary>The agents that have run on a node at the same time, every combination once.</summary>
    public string[][] TogetherOn(string node)
    {
        lock (_gate)
        {
            return [.. _together.Where(t => t.Node == node).Select(t => t.Agents.Split(' '))];
        }
    }

    public static Stage Of(AgentInvocation invocation) => s_all[invocation.Key.MatchId.Split('-')[0]];

    /// <summary>The most that attempts have occupied at the same time: the memory of a node, or the slots of an agent.</summary>
    public long MostOf(string what)
    {
        lock (_gate)
        {
            return _most.GetValueOrDefault(what);
        }
    }

    public async Task PlayAsync(AgentInvocation invocation, string node, CancellationToken cancellationToken)
    {
        if (node == BrokenOn)
        {
            throw new AgentException("no_disk", "The disk is full.");
        }
        var leave = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var run = invocation.Key.MatchId;
        lock (_gate)
        {
            _running.Add(run, (invocation.Agent, node, leave));
            var here = _running.Values.Where(r => r.Node == node).Select(r => r.Agent).Order().ToArray();
            _together.Add((node, string.Join(' ', here)));
            Count(node, here.Sum(Sizes.Of));
            Count(invocation.Agent, _running.Values.Count(r => r.Agent == invocation.Agent));
        }
        try
        {
            await (Holds ? leave.Task : Task.Delay(Random.Shared.Next(1, 30), cancellationToken))
                .WaitAsync(cancellationToken);
        }
        finally
        {
            lock (_gate)
            {
                _running.Remove(run);
            }
        }
    }

    /// <summary>Lets the attempts of a node end.</summary>
    public void Leave(string node)
    {
        lock (_gate)
        {
            foreach (var run in _running.Values.Where(r => r.Node == node).ToArray())
            {
                run.Leave.SetResult();
            }
        }
    }

    public void Dispose() => s_all.TryRemove(Name, out _);

    private void Count(string what, long now) => _most[what] = Math.Max(now, _most.GetValueOrDefault(what));
}
