using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentGrid.Kinds.Http;

/// <summary><c>kind: http</c>: a service that answers requests with JSON, at once, later, or as a stream of events.</summary>
public sealed class HttpKind : IAgentKind
{
    /// <inheritdoc/>
    public string Name => "http";

    /// <inheritdoc/>
    public ImmutableArray<string> Keys => HttpSettingsReader.Keys;

    /// <inheritdoc/>
    public KindSettings? Read(MappingReader settings, ProblemList problems) => HttpSettingsReader.Read(settings, problems);

    /// <inheritdoc/>
    public IKindAgent Create(AgentConfig agent, AgentKindContext context) => new HttpAgent(
        agent.Name,
        agent.Kind?.Settings as HttpSettings ?? throw new ArgumentException("It is an agent of another kind.", nameof(agent)),
        context, LoggerOf(context));

    private static ILogger LoggerOf(AgentKindContext context) =>
        (context.Services.GetService(typeof(ILoggerFactory)) as ILoggerFactory)?.CreateLogger<HttpKind>()
            ?? NullLogger<HttpKind>.Instance as ILogger;
}
