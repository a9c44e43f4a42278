using AgentGrid.Core;
using AgentGrid.Core.Runs;

namespace AgentGrid.RunLog;

public sealed partial class RedisRunLog
{
    private async ValueTask<bool> HasAgentAsync(RunSummary run, string? agent) => agent is null
        || (run.Agents ?? await AgentsOfAsync(run.RunId).ConfigureAwait(false)).Contains(agent);

    // By its events, where its tip was written by a version that did not say it.
    private async Task<AgentSet> AgentsOfAsync(RunId run)
    {
        var (agents, after) = (AgentSet.None, 0L);
        while (true)
        {
            var page = await TurnsAsync("run", run.Value, after, int.MaxValue, int.MaxValue, ReplayBytesAtOnce)
                .ConfigureAwait(false);
            foreach (var turn in page.Turns)
            {
                after = turn.Last;
                try
                {
                    agents = EventsOf(turn, turn.Open()).Aggregate(agents, static (known, e) => known.With(e));
                }
                catch (RunLogException damage)
                {
                    Report(damage); // what is whole of the run still says who had an attempt
                }
            }
            if (page.AtEnd)
            {
                return agents;
            }
        }
    }
}
