using System.Collections.Concurrent;
using AgentGrid.Grains.Matches;

namespace AgentGrid.Grains;

/// <summary>The runs that are driven on this silo.</summary>
internal sealed class Drivers
{
    private readonly ConcurrentDictionary<RunDriver, bool> _all = new();

    public int Count => _all.Count;

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

    /// <summary>Some run here has an attempt on that node, or a turn that is not durable yet.</summary>
    public bool AreBusyWith(string node) => _all.Keys.Any(d => d.IsBusyWith(node));
}
