using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Engine;
using AgentGrid.Kinds.Chat;
using AgentGrid.Kinds.Http;
using AgentGrid.Kinds.Mcp;
using AgentGrid.Kinds.Onnx;
using AgentGrid.Kinds.Process;

namespace AgentGrid.Kinds;

/// <summary>The kinds of agents that every program of Agent Grid has.</summary>
public static class ShippedKinds
{
    /// <summary>One of each.</summary>
    public static ImmutableArray<IAgentKind> Create() => [new ProcessKind(), new HttpKind(), new ChatKind(), new McpKind(), new OnnxKind()];

    /// <summary>Lets <c>agents.yaml</c> name all of them.</summary>
    public static AgentGridBuilder AddShippedKinds(this AgentGridBuilder builder) => builder.AddKinds(Create());
}
