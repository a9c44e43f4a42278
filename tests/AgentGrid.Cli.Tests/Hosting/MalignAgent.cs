using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Cli.Tests.Hosting;

/// <summary>Fails with a message that would colour a terminal and clear it.</summary>
[Agent("malign")]
public sealed class MalignAgent : IAgent
{
    public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken) =>
        throw new AgentException("malign", "red \u001b[31m and\r\ncleared \u001b[2J and turned \u202e round")
        {
            Type = "Malice",
            Detail = "in red \u001b[31m\r\n   in clear\n",
        };
}
