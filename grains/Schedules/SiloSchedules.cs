using AgentGrid.Core;
using AgentGrid.Core.Config;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Schedules;
using AgentGrid.Engine.Store;
using AgentGrid.GrainInterfaces.Matches;
using AgentGrid.Grains.Nodes;
using AgentGrid.Grains.Recovery;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Grains.Schedules;

/// <summary>Posts the runs of schedules, on every silo.</summary>
internal sealed class SiloSchedules(
    Node node, ClusterLife life, IRunStore log, IGrainFactory grains, ILogger<SiloSchedules> logger) : BackgroundService, IScheduleHost
{
    GridConfig? IScheduleHost.Config => node.Config.LoadedAt == default ? null : node.Config.Current;

    async ValueTask<RunPage> IScheduleHost.ListRunsAsync(RunQuery query) => await log.ListAsync(query).ConfigureAwait(false);

    async ValueTask<SubmitResult> IScheduleHost.SubmitAsync(SubmitRun submit)
    {
        var reply = await Match(submit.Key.MatchId).SubmitAsync(SubmitCommand.Of(submit)).ConfigureAwait(false);
        return reply.To<SubmitResult>()!;
    }

    async ValueTask<CommandResult> IScheduleHost.CommandAsync(RunId run, RunCommand command)
    {
        if (await log.FindAsync(run).ConfigureAwait(false) is not { } kept)
        {
            return new CommandResult.NotFound();
        }
        var reply = await Match(kept.Head.MatchId).CommandAsync(run, Json.From(command)).ConfigureAwait(false);
        return reply.To<CommandResult>()!;
    }

    ValueTask<Outage?> IScheduleHost.LastOutageAsync() => life.LastOutageAsync();

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        new ScheduleRunner(this, node.Time, logger).RunAsync(stoppingToken);

    private IMatchGrain Match(string matchId) => grains.GetGrain<IMatchGrain>(matchId);
}
