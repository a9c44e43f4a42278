using AgentGrid.Core;
using AgentGrid.Core.Config;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Admission;
using AgentGrid.Engine.Artifacts;
using AgentGrid.Engine.Children;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Registry;
using AgentGrid.Engine.Slots;
using AgentGrid.Engine.Telemetry;
using AgentGrid.Engine.Webhooks;
using AgentGrid.Simulation.Clock;

namespace AgentGrid.Simulation.Grid;

/// <summary>A process that drives all runs, with all that it has in memory: what survives it is in the grid.</summary>
internal sealed class SimulatedProcess : IRegistryHost, IChildRunHost, IWebhookSender
{
    private readonly SimulatedGrid _grid;
    private readonly SimulatedSlots _slots;
    private readonly DriverServices _drivers;
    private readonly Func<ParentRun, ulong?>? _seedOfChild;
    private readonly Outage? _outage;

    /// <param name="table">Of all nodes.</param>
    /// <param name="outage">The time before it in which there was none; null for the first one.</param>
    public SimulatedProcess(SimulatedGrid grid, SimulationSetup setup, SlotTable table, Random random, Outage? outage)
    {
        _grid = grid;
        _outage = outage;
        _seedOfChild = setup.SeedOfChild;
        Config = setup.Config;
        Time = new SimulatedTime(grid.Clock);
        Thread = new SimulatedThread(random);
        Registry = new RunRegistry(this, Thread, Time);
        _slots = new SimulatedSlots(table, setup.IsOneProcess);
        _drivers = new DriverServices
        {
            Queue = new RunQueue(setup.MaxActiveRuns),
            Caller = grid.Calls,
            Children = new ChildRuns(this, Thread, Time, CancellationToken.None),
            Platform = Thread,
            Limits = setup.Limits,
            Time = Time,
            Statistics = new AgentStatistics(),
            Durations = grid.Durations,
            Logger = grid.Log,
            RunLogger = grid.Log,
        };
    }

    public SimulatedTime Time { get; }
    public SimulatedThread Thread { get; }
    public RunRegistry Registry { get; }

    /// <inheritdoc/>
    public GridConfig Config { get; }

    /// <inheritdoc/>
    public IWebhookSender Webhooks => this;

    /// <inheritdoc/>
    public StoredValues? Values => null;

    /// <inheritdoc/>
    public CancellationToken Stopping => CancellationToken.None;

    /// <summary>Takes up what has not ended: first those that had been started, which count in their groups.</summary>
    public void Resume()
    {
        foreach (var run in _grid.Store.Runs.Where(static r => !r.Last.Status.IsEnded())
            .OrderBy(static r => r.Last.Status == RunStatus.Running ? 0 : 1).ToArray())
        {
            Registry.Resume(run.Replay(), _outage);
        }
        _ = Registry.CancelOrphansAsync(this);
    }

    /// <summary>The process is dead.</summary>
    public void Die()
    {
        Array.ForEach(Registry.Drivers, static d => d.Abandon());
        Thread.Stop();
        _slots.Drop();
    }

    /// <inheritdoc/>
    public RunDriver Drive(RunState state, RunOrigin origin) => new(_drivers, new SimulatedJournal(_grid), _slots, state);

    /// <inheritdoc/>
    public AdmissionRefusal? WhyFull(string? tenant) => null;

    /// <inheritdoc/>
    public ValueTask<RunState?> ReplayAsync(RunKey key) => ValueTask.FromResult(_grid.Store.Replay(key));

    /// <inheritdoc/>
    public ValueTask<RunState?> ReplayAsync(RunId run) => ValueTask.FromResult(_grid.Store.Replay(run));

    /// <inheritdoc/>
    public ValueTask<Outage?> LastOutageAsync() => ValueTask.FromResult(_outage);

    /// <inheritdoc/>
    public void DeliveryFailed(RunId run, Exception failure)
    {
    }

    /// <inheritdoc/>
    public void ReportFailed(RunId run, Exception failure)
    {
    }

    /// <inheritdoc/>
    public void BecameEmpty()
    {
    }

    /// <inheritdoc/>
    public ValueTask<SubmitResult> SubmitAsync(SubmitRun submit)
    {
        Thread.NextSeed = _seedOfChild?.Invoke(submit.Parent!);
        return Registry.SubmitAsync(submit);
    }

    /// <inheritdoc/>
    public ValueTask<ChildEnd?> WaitForEndAsync(RunKey key, RunId run) => Registry.WaitForEndAsync(run, Timeout.InfiniteTimeSpan);

    /// <inheritdoc/>
    public async ValueTask<bool> CancelAsync(RunKey key, RunId run, string reason) =>
        await Registry.CommandAsync(run, new RunCommand.Cancel(reason)) is not CommandResult.Unavailable;

    /// <inheritdoc/>
    public async ValueTask<bool?> IsWantedAsync(ParentRun parent) => await Registry.IsOpenAsync(parent.Run, parent.Step, parent.Attempt);

    // Nobody outside is told anything.
    string? IWebhookSender.Refusal(Webhook webhook) => null;

    Task<WebhookAnswer> IWebhookSender.SendAsync(WebhookDelivery delivery, CancellationToken cancellationToken) =>
        Task.FromResult(WebhookAnswer.Taken);
}
