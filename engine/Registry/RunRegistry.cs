using AgentGrid.Core;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;

namespace AgentGrid.Engine.Registry;

/// <summary>
/// The runs that are driven here, at most one of a key; and what those are answered who post a run or command one.
/// </summary>
/// <remarks>
/// Can be called concurrently. It goes on where it was called: what a grain asks of it stays on the scheduler of the grain.
/// </remarks>
public sealed partial class RunRegistry(IRegistryHost host, Platform platform, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<RunKey, RunDriver> _byKey = [];
    private readonly Dictionary<RunId, RunDriver> _byId = [];

    /// <summary>The drivers of all runs, as they are now.</summary>
    public RunDriver[] Drivers
    {
        get
        {
            lock (_gate)
            {
                return [.. _byId.Values];
            }
        }
    }

    /// <summary>Nothing is driven here or about to be, no webhook is being told anything, and no run is.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (_gate)
            {
                return _byId.Count == 0 && _deliveries.Count == 0 && _superseding == 0 && _reports == 0;
            }
        }
    }

    /// <summary>The driver of a run; null when it is not driven here, or not known yet whether it will be.</summary>
    public RunDriver? Find(RunId run) => Holder(run) is { IsAdmitted: true } driver ? driver : null;

    /// <summary>A run with that key is driven here, or about to be.</summary>
    public bool Has(RunKey key) => Holder(key) is not null;

    /// <summary>Drives a run that has not ended by what is kept of it, unless its key is driven here already.</summary>
    /// <param name="outage">The last time in which no process was there to drive runs; null for none that is known.</param>
    public void Resume(RunState state, Outage? outage)
    {
        if (!Has(state.Key) && host.Drive(state, RunOrigin.Resumed) is var driver && TryAdd(driver))
        {
            driver.Resume(outage);
        }
    }

    /// <summary>As <see cref="Resume"/>, when the run is there and has not ended.</summary>
    public async ValueTask ResumeAsync(RunId run)
    {
        var outage = await host.LastOutageAsync();
        if (await host.ReplayAsync(run) is { } state && !state.Status.IsEnded())
        {
            Resume(state, outage);
        }
    }

    /// <summary>The run is driven here no longer.</summary>
    private void Remove(RunDriver driver)
    {
        lock (_gate)
        {
            _byId.Remove(driver.Id);
            if (_byKey.GetValueOrDefault(driver.Key) == driver)
            {
                _byKey.Remove(driver.Key);
            }
        }
    }

    private RunDriver? Holder(RunId run)
    {
        lock (_gate)
        {
            return _byId.GetValueOrDefault(run);
        }
    }

    private RunDriver? Holder(RunKey key)
    {
        lock (_gate)
        {
            return _byKey.GetValueOrDefault(key);
        }
    }

    /// <returns>False when another has the key: then the driver is forgotten.</returns>
    private bool TryAdd(RunDriver driver)
    {
        lock (_gate)
        {
            // One that is superseded has given its key up, whoever has it now.
            if (!_byId.ContainsKey(driver.Id) && (driver.IsSuperseded || _byKey.TryAdd(driver.Key, driver)))
            {
                _byId.Add(driver.Id, driver);
                driver.Left = Remove;
                driver.Delivers = Deliver;
                driver.Stops = ReportStop;
                return true;
            }
        }
        driver.Discard();
        return false;
    }
}
