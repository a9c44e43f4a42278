using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentGrid.Kinds.Process;

/// <summary><c>kind: process</c>: a program of any language, started once and kept warm.</summary>
public sealed class ProcessKind : IAgentKind
{
    private readonly Guard _guard = new();

    /// <inheritdoc/>
    public string Name => "process";

    /// <inheritdoc/>
    public ImmutableArray<string> Keys => ProcessSettingsReader.Keys;

    /// <inheritdoc/>
    public KindSettings? Read(MappingReader settings, ProblemList problems) => ProcessSettingsReader.Read(settings, problems);

    /// <inheritdoc/>
    public IKindAgent Create(AgentConfig agent, AgentKindContext context) => new ProcessAgent(
        agent.Name,
        agent.Kind?.Settings as ProcessSettings ?? throw new ArgumentException("It is an agent of another kind.", nameof(agent)),
        context.LeasesGpuMemory && agent.Resources.GpuMemoryBytes > 0, context, _guard, LoggerOf(context));

    private static ILogger LoggerOf(AgentKindContext context) =>
        (context.Services.GetService(typeof(ILoggerFactory)) as ILoggerFactory)?.CreateLogger<ProcessKind>()
            ?? NullLogger<ProcessKind>.Instance as ILogger;
}
