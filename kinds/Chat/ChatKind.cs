using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;
using AgentGrid.Kinds.Mcp.Servers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentGrid.Kinds.Chat;

/// <summary><c>kind: chat</c>: a language model behind an endpoint that speaks as OpenAI's does.</summary>
public sealed class ChatKind : IAgentKind
{
    private readonly McpServers _servers = new();

    /// <inheritdoc/>
    public string Name => "chat";

    /// <inheritdoc/>
    public ImmutableArray<string> Keys => ChatSettingsReader.Keys;

    /// <inheritdoc/>
    public KindSettings? Read(MappingReader settings, ProblemList problems) => ChatSettingsReader.Read(settings, problems);

    /// <inheritdoc/>
    public IKindAgent Create(AgentConfig agent, AgentKindContext context) => new ChatAgent(
        agent.Name,
        agent.Kind?.Settings as ChatSettings ?? throw new ArgumentException("It is an agent of another kind.", nameof(agent)),
        context, _servers, LoggerOf(context));

    private static ILogger LoggerOf(AgentKindContext context) =>
        (context.Services.GetService(typeof(ILoggerFactory)) as ILoggerFactory)?.CreateLogger<ChatKind>()
            ?? NullLogger<ChatKind>.Instance as ILogger;
}
