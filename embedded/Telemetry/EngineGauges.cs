using System.Diagnostics.Metrics;
using AgentGrid.Core.Grid;
using AgentGrid.Embedded.Runs;
using AgentGrid.Engine.Invocations;
using AgentGrid.Engine.Telemetry;

namespace AgentGrid.Embedded.Telemetry;

/// <summary>What an engine is read for when somebody looks. One meter an engine, gone with it.</summary>
internal sealed class EngineGauges : IDisposable
{
    private readonly Meter _meter = new(GridInstruments.Name, "1.0.0");

    public EngineGauges(EmbeddedEngine engine)
    {
        _meter.CreateObservableGauge(
            "agentgrid.runs.active", () => engine.RunQueue.Active, "{run}", "Runs that are driven now");
        _meter.CreateObservableGauge(
            "agentgrid.runs.queued", () => engine.RunQueue.Waiting, "{run}", "Accepted runs that wait for their turn");
        _meter.CreateObservableGauge(
            "agentgrid.runs.waiting", () => engine.Registry.Drivers.Count(static d => d.Summary.OnlyWaits), "{run}",
            "Runs that do nothing but wait for a signal");
        _meter.CreateObservableGauge(
            "agentgrid.slots.used", () => engine.Slots.All().Measure(a => a.Running), "{slot}",
            "Slots in use, by agent and queue");
        _meter.CreateObservableGauge(
            "agentgrid.slots.limit", () => engine.Slots.All().Measure(a => a.Agent.MaxConcurrency), "{slot}",
            "Slots, by agent and queue");
        _meter.CreateObservableGauge(
            "agentgrid.attempts.waiting", () => engine.Slots.All().Measure(a => a.Waiting), "{attempt}",
            "Attempts that wait for a slot, by agent and queue");
        _meter.CreateObservableGauge(
            "agentgrid.starts.left", () => engine.Slots.All().Where(a => a.Rate is not null).Measure(a => a.Rate!.Value.Left), "{attempt}",
            "Attempts that could start at once in the agent's rate limit, by agent and queue");
        _meter.CreateObservableGauge(
            "agentgrid.agents.failing", () => engine.Slots.All().Measure(a => a.Failing is { IsOpen: true } ? 1 : 0), "{agent}",
            "1 for an agent that fails, so that others are asked first; by agent and queue");
        _meter.CreateObservableGauge(
            "agentgrid.agents.failing_nodes", () => engine.Slots.All().Measure(a => a.FailingNodes?.Count(static n => n.State.IsOpen) ?? 0), "{node}",
            "Nodes on which an agent fails, so that others are asked first; by agent and queue");
        AbandonedGauges.AddTo(_meter, engine.Abandoned, engine.Slots);
        _meter.CreateObservableGauge(
            "agentgrid.feed.head", () => engine.Feed.Head, "{event}", "The number of the last durable event");
    }

    public void Dispose() => _meter.Dispose();
}
