using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;
using AgentGrid.Kinds.Mcp.Servers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentGrid.Kinds.Mcp;

/// <summary><c>kind: mcp</c>: a tool of a server that speaks the Model Context Protocol.</summary>
public sealed class McpKind : IAgentKind
{
    private readonly McpServers _servers = new();

    /// <inheritdoc/>
    public string Name => "mcp";

    /// <inheritdoc/>
    public ImmutableArray<string> Keys => McpSettings.Keys;

    /// <inheritdoc/>
    public KindSettings? Read(MappingReader settings, ProblemList problems) => McpSettings.Read(settings, problems);

    /// <inheritdoc/>
    public IKindAgent Create(AgentConfig agent, AgentKindContext context) => new McpAgent(
        agent.Name,
        agent.Kind?.Settings as McpSettings ?? throw new ArgumentException("It is an agent of another kind.", nameof(agent)),
        context, _servers, LoggerOf(context));

    private static ILogger LoggerOf(AgentKindContext context) =>
        (context.Services.GetService(typeof(ILoggerFactory)) as ILoggerFactory)?.CreateLogger<McpKind>()
            ?? NullLogger<McpKind>.Instance as ILogger;
}
