using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;
using AgentGrid.Kinds.Http;
using AgentGrid.Kinds.Mcp.Servers;

namespace AgentGrid.Kinds.Mcp;

/// <summary>What <c>agents.yaml</c> says of an agent of the kind <c>mcp</c>.</summary>
internal sealed record McpSettings : KindSettings
{
    /// <summary>All keys.</summary>
    public static readonly ImmutableArray<string> Keys = [.. McpServerSettings.Keys, "tool", "arguments"];

    /// <summary>Whose tool it is.</summary>
    public required McpServerSettings Server { get; init; }

    /// <summary>As the server calls it.</summary>
    public required string Tool { get; init; }

    /// <summary>What of the input is sent; an object.</summary>
    public InputPath Arguments { get; init; } = InputPath.Whole;

    /// <inheritdoc/>
    public override string Target => $"{Tool} at {Server.Target}";

    public static McpSettings? Read(MappingReader agent, ProblemList problems)
    {
        var server = McpServerSettings.Read(agent, problems);
        var tool = agent.Text("tool");
        if (agent["tool"] is null)
        {
            problems.Add(agent.Place, ConfigCodes.Missing, "'tool' must say which of the server's tools to call: tool: search.");
        }
        var arguments = InputPath.Read(agent, "arguments", problems);
        return server is null || tool is null ? null : new McpSettings
        {
            Server = server,
            Tool = tool,
            Arguments = arguments ?? InputPath.Whole,
        };
    }
}
