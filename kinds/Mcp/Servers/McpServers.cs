using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Process;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Kinds.Mcp.Servers;

/// <summary>Makes the servers that agents use, and sees to it that none of their programs outlives this process.</summary>
public sealed class McpServers
{
    private readonly Guard _guard = new();

    /// <summary>A server, to which nothing is connected yet.</summary>
    /// <param name="agent">The name of the agent that uses it.</param>
    public McpServer Create(string agent, McpServerSettings settings, AgentKindContext context, ILogger logger) =>
        new(agent, settings, context, _guard, logger);
}
