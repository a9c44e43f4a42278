using System.Diagnostics.Metrics;
using AgentGrid.Core.Grid;
using AgentGrid.Engine.Invocations;
using AgentGrid.Engine.Telemetry;
using AgentGrid.Grains.Dispatch;
using AgentGrid.Grains.Driving;
using AgentGrid.Grains.Nodes;
using Microsoft.Extensions.Hosting;

namespace AgentGrid.Grains.Telemetry;

/// <summary>
/// What a silo is read for when somebody looks: of everything only its own part, so that sums over silos are true. What
/// waits for slots waits at the dispatcher, and is reported by the silo that has it.
/// </summary>
internal sealed class NodeGauges : IHostedService, IDisposable
{
    private readonly Meter _meter = new(GridInstruments.Name, "1.0.0");

    public NodeGauges(Node node, ActiveRuns runs, LocalDispatcher dispatcher)
    {
        _meter.CreateObservableGauge(
            "agentgrid.runs.active", () => runs.Driven, "{run}", "Runs that are driven here now");
        _meter.CreateObservableGauge(
            "agentgrid.runs.queued", () => runs.Queued, "{run}", "Accepted runs that wait here for their turn");
        _meter.CreateObservableGauge(
            "agentgrid.runs.waiting", () => runs.Waiting, "{run}", "Runs here that do nothing but wait for a signal");
        _meter.CreateObservableGauge(
            "agentgrid.slots.used", () => node.Slots.All().Measure(a => a.Running), "{slot}",
            "Slots in use here, by agent and queue");
        _meter.CreateObservableGauge(
            "agentgrid.slots.limit", () => node.Slots.All().Measure(a => a.Slots ?? a.Agent.MaxConcurrency), "{slot}",
            "Slots here, by agent and queue");
        _meter.CreateObservableGauge(
            "agentgrid.attempts.waiting", () => dispatcher.Loads().Measure(a => a.Waiting), "{attempt}",
            "Attempts that wait for a slot, by agent and queue");
        _meter.CreateObservableGauge(
            "agentgrid.starts.left", () => dispatcher.Loads().Where(a => a.Rate is not null).Measure(a => a.Rate!.Value.Left), "{attempt}",
            "Attempts that could start at once in the agent's rate limit, by agent and queue");
        _meter.CreateObservableGauge(
            "agentgrid.agents.failing", () => dispatcher.Loads().Measure(a => a.Failing is { IsOpen: true } ? 1 : 0), "{agent}",
            "1 for an agent that fails, so that others are asked first; by agent and queue");
        _meter.CreateObservableGauge(
            "agentgrid.agents.failing_nodes", () => dispatcher.Loads().Measure(a => a.FailingNodes?.Count(static n => n.State.IsOpen) ?? 0), "{node}",
            "Nodes on which an agent fails, so that others are asked first; by agent and queue");
        AbandonedGauges.AddTo(_meter, node.Abandoned, node.Slots);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _meter.Dispose();
}
