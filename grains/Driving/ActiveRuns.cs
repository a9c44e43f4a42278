using System.Collections.Concurrent;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;

namespace AgentGrid.Grains.Driving;

/// <summary>The runs that are driven on this silo, and the calls that they wait for.</summary>
internal sealed class ActiveRuns
{
    private readonly ConcurrentDictionary<RunDriver, bool> _all = new();
    private readonly ConcurrentDictionary<string, int> _callsByNode = new(StringComparer.Ordinal);

    /// <summary>How many runs wait for their turn.</summary>
    public int Queued => _all.Keys.Count(static d => d.Summary.Status == RunStatus.Queued);

    /// <summary>How many runs do nothing but wait for a signal.</summary>
    public int Waiting => _all.Keys.Count(static d => d.Summary.OnlyWaits);

    /// <summary>How many runs do more than that.</summary>
    public int Driven => _all.Keys.Count(static d => d.Summary is { Status: RunStatus.Running, OnlyWaits: false });

    public void Add(RunDriver driver) => _all[driver] = true;

    public void Remove(RunDriver driver) => _all.TryRemove(driver, out _);

    /// <summary>Stops all at once, as if the process had been killed.</summary>
    public void Abandon()
    {
        foreach (var driver in _all.Keys)
        {
            driver.Abandon();
        }
    }

    /// <summary>A call on a node has begun (+1), or what came of it is durable (-1).</summary>
    public void CountCall(string node, int change)
    {
        if (_callsByNode.AddOrUpdate(node, change, (_, count) => count + change) == 0)
        {
            _callsByNode.TryRemove(KeyValuePair.Create(node, 0));
        }
    }

    /// <summary>Some run here has an attempt on that node, or a result of one that is not durable yet.</summary>
    public bool AreBusyWith(string node) => _callsByNode.ContainsKey(node);
}
