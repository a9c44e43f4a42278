using System.Collections.Concurrent;
using AgentGrid.Core.Runs;
using AgentGrid.Grains.Matches;

namespace AgentGrid.Grains;

/// <summary>The runs that are driven on this silo.</summary>
internal sealed class Drivers
{
    private readonly ConcurrentDictionary<RunDriver, bool> _all = new();

    /// <summary>How many runs there are in a status.</summary>
    public int In(RunStatus status) => _all.Keys.Count(d => d.Summary.Status == status);

    public void Add(RunDriver driver) => _all[driver] = true;

    /// <summary>Stops all at once, as if the process had been killed.</summary>
    public void Abandon()
    {
        foreach (var driver in _all.Keys)
        {
            driver.Abandon();
        }
    }

    public void Remove(RunDriver driver) => _all.TryRemove(driver, out _);

    /// <summary>Some run here has an attempt on that node, or a result of one that is not durable yet.</summary>
    public bool AreBusyWith(string node) => _all.Keys.Any(d => d.IsBusyWith(node));
}
