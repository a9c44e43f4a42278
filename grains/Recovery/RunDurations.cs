using AgentGrid.Engine;
using AgentGrid.Engine.Durations;
using AgentGrid.Engine.Store;
using AgentGrid.Grains.Driving;
using Microsoft.Extensions.Hosting;

namespace AgentGrid.Grains.Recovery;

/// <summary>When a silo begins, it learns from the last runs of the cluster how long steps take; then from those that it drives.</summary>
internal sealed class RunDurations(ClusterEngine engine, IRunStore log) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var history = new DurationHistory(
            engine.Durations, log.ListAsync, log.ReplayAsync, Platform.Process, engine.Time, engine.Logger, stoppingToken);
        history.Begin();
        return history.Done;
    }
}
