using System.Diagnostics.Metrics;
using AgentGrid.Core.Grid;
using AgentGrid.Embedded.Runs;

namespace AgentGrid.Embedded.Telemetry;

/// <summary>What an engine is read for when somebody looks. One meter an engine, gone with it.</summary>
internal sealed class EngineGauges : IDisposable
{
    private readonly EmbeddedEngine _engine;
    private readonly Meter _meter = new(GridInstruments.Name, "1.0.0");

    public EngineGauges(EmbeddedEngine engine)
    {
        _engine = engine;
        _meter.CreateObservableGauge(
            "agentgrid.runs.active", () => engine.RunQueue.Active, "{run}", "Runs that are driven now");
        _meter.CreateObservableGauge(
            "agentgrid.runs.queued", () => engine.RunQueue.Waiting, "{run}", "Accepted runs that wait for their turn");
        _meter.CreateObservableGauge(
            "agentgrid.runs.waiting", () => engine.Registry.Drivers.Count(static d => d.Summary.OnlyWaits), "{run}",
            "Runs that do nothing but wait for a signal");
        _meter.CreateObservableGauge(
            "agentgrid.slots.used", () => PerAgent(a => a.Running), "{slot}", "Slots in use, by agent and queue");
        _meter.CreateObservableGauge(
            "agentgrid.slots.limit", () => PerAgent(a => a.Agent.MaxConcurrency), "{slot}", "Slots, by agent and queue");
        _meter.CreateObservableGauge(
            "agentgrid.attempts.waiting", () => PerAgent(a => a.Waiting), "{attempt}",
            "Attempts that wait for a slot, by agent and queue");
        _meter.CreateObservableGauge(
            "agentgrid.feed.head", () => engine.Feed.Head, "{event}", "The number of the last durable event");
    }

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<int>> PerAgent(Func<Core.Routing.AgentLoad, int> value) =>
        _engine.Slots.All().Select(a => new Measurement<int>(
            value(a),
            new KeyValuePair<string, object?>("agent", a.Agent.Name),
            new KeyValuePair<string, object?>("queue", a.Agent.Queue)));
}
