using AgentGrid.Core.Agents;
using AgentGrid.Engine.Invocations;
using AgentGrid.GrainInterfaces.Agents;
using AgentGrid.GrainInterfaces.Matches;

namespace AgentGrid.Grains.Nodes;

/// <summary>Passes an agent's word on how far it is to whoever drives its run.</summary>
internal sealed class NodeProgress(Node node, InvocationRequest request) : IAgentProgress
{
    private ProgressThrottle _throttle;

    public void Report(double fraction, string? message = null)
    {
        if (_throttle.Admits(node.Time))
        {
            // One way: nobody waits for it, and a report that is lost is followed by others.
            _ = node.Grains.GetGrain<IMatchGrain>(request.MatchId).ReportProgressAsync(
                new ProgressReport(request.RunId, request.Step, request.Attempt, fraction, message));
        }
    }
}
