using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Console.Tests;

/// <summary>Throws, and says what its input has.</summary>
[Agent("broken")]
public sealed class BrokenAgent : IAgent
{
    public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken) =>
        throw new InvalidOperationException($"Nobody knows {string.Join(", ", invocation.Input.Element.EnumerateObject().Select(m => m.Name))}.");
}
