using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Agents.Perception;

/// <summary>
/// Reads <c>grid_snapshot</c>: who peeks, how often, in what rhythm, whether it quickens, and how much pressure that
/// is. An empty or odd snapshot is no failure: <c>notes</c> says what was left out.
/// </summary>
[Agent("perception", Capabilities = ["perception"], Priority = 10, MaxConcurrency = 32, TimeoutSeconds = 15)]
public sealed class PerceptionAgent : IAgent
{
    public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var report = PerceptionAnalysis.Of(MatchSnapshot.Read(invocation));
        return ValueTask.FromResult(Json.From(report));
    }
}
