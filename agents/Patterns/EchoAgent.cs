using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Agents.Patterns;

/// <summary>For trying out plans: its output is its input.</summary>
[Agent("echo", MaxConcurrency = 64)]
public sealed class EchoAgent : IAgent
{
    public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken) =>
        ValueTask.FromResult(invocation.Input);
}
