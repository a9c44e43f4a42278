using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentGrid.Kinds.Onnx;

/// <summary><c>kind: onnx</c>: a model in a file, which ONNX Runtime computes in this process.</summary>
public sealed class OnnxKind : IAgentKind
{
    /// <inheritdoc/>
    public string Name => "onnx";

    /// <inheritdoc/>
    public ImmutableArray<string> Keys => OnnxSettingsReader.Keys;

    /// <inheritdoc/>
    public KindSettings? Read(MappingReader settings, ProblemList problems) => OnnxSettingsReader.Read(settings, problems);

    /// <inheritdoc/>
    public IKindAgent Create(AgentConfig agent, AgentKindContext context) => new OnnxAgent(
        agent,
        agent.Kind?.Settings as OnnxSettings ?? throw new ArgumentException("It is an agent of another kind.", nameof(agent)),
        context, LoggerOf(context));

    private static ILogger LoggerOf(AgentKindContext context) =>
        (context.Services.GetService(typeof(ILoggerFactory)) as ILoggerFactory)?.CreateLogger<OnnxKind>()
            ?? NullLogger<OnnxKind>.Instance as ILogger;
}
