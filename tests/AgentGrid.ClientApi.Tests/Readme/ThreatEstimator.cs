using AgentGrid.Core.Agents;

namespace MyAgents;

/// <summary>How threatening a snapshot is: the share of its players that peek.</summary>
[Agent("threat_estimator", Capabilities = ["threat"], Priority = 10)]
public sealed class ThreatEstimator : Agent<ThreatEstimator.Input, ThreatEstimator.Threat>
{
    public override async ValueTask<Threat> InvokeAsync(
        Input input, AgentInvocation invocation, CancellationToken cancellationToken)
    {
        invocation.Progress.Report(0.5, "counting");
        await Task.Yield(); // whatever takes time: a model, a request
        cancellationToken.ThrowIfCancellationRequested();
        return new Threat((double)input.Perception.Peeking / Math.Max(1, input.Perception.PlayerCount));
    }

    // The output of the step 'perception', as the plan below names it; JSON names are snake_case.
    public sealed record Input(Perception Perception);
    public sealed record Perception(int Peeking, int PlayerCount);
    public sealed record Threat(double Level);
}
